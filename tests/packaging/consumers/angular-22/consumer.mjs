export default {
  name: "Angular 22",
  ways: {
    async build({ exec, files, page }) {
      await exec(["ng", "build"]);
      return page(await files({ "/": "dist/browser" }));
    },
    async "development server"({ serve, page }) {
      const options = ["--host", "127.0.0.1", "--port", "{port}", "--no-live-reload", "--no-hmr"];
      return page(await serve(["ng", "serve", ...options]));
    },
  },
};
