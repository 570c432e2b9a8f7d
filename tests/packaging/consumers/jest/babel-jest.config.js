module.exports = {
  ...require("./documented.config.js"),
  testMatch: ["**/commonjs/*.test.js"],
  transform: { "\\.m?js$": "babel-jest" },
};
