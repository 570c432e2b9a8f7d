export default {
  input: "src/main.js",
  platform: "browser",
  output: { dir: "dist", format: "es" },
};
