const path = require("node:path");

module.exports = {
  mode: "production",
  entry: { main: "./src/main.js", page: "./src/page.js" },
  output: { path: path.join(__dirname, "dist") },
  devServer: { host: "127.0.0.1", static: "public", hot: false },
};
