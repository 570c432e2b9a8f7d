const serve = ["--host", "127.0.0.1", "--port", "{port}", "--strictPort"];

export default {
  name: "Vite 7",
  quick: ["dev"],
  todo: { dev: "the optimizer moves the JavaScript, not the module" },
  ways: {
    dev: async ({ serve: start, page }) => page(await start(["vite", ...serve])),
    async "build and preview"({ exec, serve: start, page }) {
      await exec(["vite", "build"]);
      return page(await start(["vite", "preview", ...serve]));
    },
  },
};
