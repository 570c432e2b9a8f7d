import { readFileSync } from "node:fs";

const serving = ["ng", "serve", "--host", "127.0.0.1", "--port", "{port}", "--no-live-reload", "--no-hmr"];

/** angular.json with the lines that docs/bundlers.md has for it. */
function configured({ write, documented }) {
  const configuration = JSON.parse(readFileSync(new URL("angular.json", import.meta.url), "utf8"));
  const { build, serve } = configuration.projects.app.architect;
  Object.assign(build.options, JSON.parse(documented("Angular")));
  Object.assign(serve.options, JSON.parse(documented("Angular", 1)));
  write("angular.json", JSON.stringify(configuration));
}

export default {
  name: "Angular 22",
  ways: {
    async build({ exec, files, page }) {
      await exec(["ng", "build"]);
      return page(await files({ "/": "dist/browser" }));
    },
    async "build, with the modules beside it"(kit) {
      configured(kit);
      await kit.exec(["ng", "build"]);
      return kit.page(await kit.files({ "/": "dist/browser" }), { silent: true });
    },
    "development server": async ({ serve, page }) => page(await serve(serving)),
    async "development server, with the modules themselves"(kit) {
      configured(kit);
      return kit.page(await kit.serve(serving), { silent: true });
    },
  },
};
