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
  todo: Object.fromEntries(
    [
      "iife",
      "esm, with splitting",
      "esm, in one file",
      "esm, arcgate/verify and arcgate/client",
      "iife, arcgate/verify and arcgate/client",
      "its own server",
    ].map((way) => [way, "it copies no module"]),
  ),
  ways: {
    iife: built(page("main.js", "text/javascript"), "src/main.js"),
    "esm, with splitting": built(page("main.js"), "src/main.js", "--format=esm", "--splitting"),
    "esm, in one file": built(page("main.js"), "src/main.js", "--format=esm", "--minify"),
    "esm, arcgate/verify and arcgate/client": built(page("parts.js"), "src/parts.js", "--format=esm"),
    "iife, arcgate/verify and arcgate/client": built(page("parts.js", "text/javascript"), "src/parts.js"),
    async "its own server"({ serve, write, page: look }) {
      write("page.html", page("dist/main.js"));
      return look(`${await serve(["node", "serve.mjs"], { env: { PORT: "{port}" } })}/page.html`);
    },
  },
};
