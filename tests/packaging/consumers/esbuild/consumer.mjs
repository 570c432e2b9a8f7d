const page = (file, type = "module") =>
  `<!doctype html><title>esbuild</title><body></body><script type="${type}" src="${file}"></script>`;

const built = (html, ...options) =>
  async function build({ exec, files, page: look }) {
    await exec(["esbuild", ...options, "--bundle", "--outdir=dist"]);
    return look(`${await files({ "/app/": "dist", "/app/page.html": html })}/app/page.html`);
  };

export default {
  name: "esbuild",
  quick: ["iife"],
  ways: {
    iife: built(page("main.js", "text/javascript"), "app/main.js"),
    "esm, with splitting": built(page("main.js"), "app/main.js", "--format=esm", "--splitting"),
    "esm, in one file": built(page("main.js"), "app/main.js", "--format=esm", "--minify"),
    // Terser does the same: docs/bundlers.md says at "Wrong module" what has to be left alone.
    "esm, with properties renamed": built(
      page("main.js"),
      ...["app/main.js", "--format=esm", "--minify", "--mangle-props=^_", "--reserve-props=^__wb"],
    ),
    "esm, arcgate/verify and arcgate/client": built(page("parts.js"), "app/parts.js", "--format=esm"),
    "iife, arcgate/verify and arcgate/client": built(page("parts.js", "text/javascript"), "app/parts.js"),
    async "esm, with the modules beside it"({ shell, documented, files, page: look }) {
      await shell(documented("esbuild"));
      return look(`${await files({ "/": "dist", "/page": page("main.js") })}/page`, { silent: true });
    },
    async "iife, with the modules given"({ exec, files, page: look }) {
      await exec(["esbuild", "app/given.js", "--bundle", "--external:*.bytes.js", "--outdir=dist"]);
      const mounts = {
        "/": "dist",
        "/modules/": "node_modules/arcgate/wasm",
        "/page": page("given.js", "text/javascript"),
      };
      return look(`${await files(mounts)}/page`, { silent: true });
    },
    async "its own server"({ serve, write, page: look }) {
      write("page.html", page("dist/main.js"));
      return look(`${await serve(["node", "serve.mjs"], { env: { PORT: "{port}" } })}/page.html`);
    },
  },
};
