export const listen = ["--host", "127.0.0.1", "--port", "{port}", "--strictPort"];
const built = ["vite", "preview", ...listen];

/** A page whose worker has the package. */
export async function workerBuild({ exec, serve, page, write }) {
  write("index.html", '<!doctype html><body></body><script type="module" src="/src/page.js"></script>');
  await exec(["vite", "build"]);
  return page(await serve(built));
}

export default {
  name: "Vite 7",
  quick: ["dev"],
  ways: {
    dev: async ({ serve, page }) => page(await serve(["vite", ...listen])),
    async "build and preview"({ exec, serve, page }) {
      await exec(["vite", "build"]);
      return page(await serve(built), { silent: true });
    },
    async "dev, with the module itself"({ serve, page, write, documented }) {
      write("vite.config.js", documented("Vite"));
      return page(await serve(["vite", ...listen]), { silent: true });
    },
    "dev, in Firefox": async ({ serve, page }) => page(await serve(["vite", ...listen]), { browser: "firefox" }),
    async "build, in Firefox"({ exec, serve, page }) {
      await exec(["vite", "build"]);
      return page(await serve(built), { browser: "firefox" });
    },
    "dev, below a base": async ({ serve, page }) =>
      page(`${await serve(["vite", "--base", "/below/it/", ...listen])}/below/it/`),
    async "build, below a base"({ exec, files, page }) {
      await exec(["vite", "build", "--base", "/below/it/"]);
      return page(`${await files({ "/below/it/": "dist" })}/below/it/`);
    },
    async "build, with a relative base"({ exec, files, page }) {
      await exec(["vite", "build", "--base", "./"]);
      return page(`${await files({ "/somewhere/": "dist" })}/somewhere/`);
    },
    "Web Worker, dev": async ({ serve, page }) => page(`${await serve(["vite", ...listen])}/worker.html`),
    async "Web Worker, build"(kit) {
      kit.write("vite.config.js", kit.documented("Web Workers in Vite 5 to 7"));
      return workerBuild(kit);
    },
  },
};
