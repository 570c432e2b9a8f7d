const html = (script, head = "") =>
  `<!doctype html><title>No bundler</title>${head}<body></body><script type="module" src="${script}"></script>`;
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

const shown =
  (script, { browser, headers, head } = {}) =>
  async ({ files, page }) =>
    page(`${await files({ "/": ".", "/page": html(script, head) }, { headers })}/page`, { browser });
// The package at another origin, at the paths of a content delivery network.
const elsewhere = async ({ files, page }) => {
  const cdn = await files(
    { "/npm/arcgate@0.1.0/": "node_modules/arcgate" },
    { headers: { "access-control-allow-origin": "*" } },
  );
  const imports = { arcgate: `${cdn}/npm/arcgate@0.1.0/index.js` };
  const head = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  return page(`${await files({ "/": ".", "/page": html("main.js", head) })}/page`);
};

export default {
  name: "no bundler",
  quick: ["a page with a strict Content-Security-Policy"],
  todo: { "service worker": "import() is refused there" },
  ways: {
    "import map": (kit) => shown("main.js", { head: kit.documented("Without a bundler") })(kit),
    "import map, in Firefox": (kit) =>
      shown("main.js", { head: kit.documented("Without a bundler"), browser: "firefox" })(kit),
    "a module by its path": shown("plain.js"),
    "a page with a strict Content-Security-Policy": shown("plain.js", { headers: { "content-security-policy": csp } }),
    "the same, in Firefox": shown("plain.js", { headers: { "content-security-policy": csp }, browser: "firefox" }),
    "Web Worker": shown("worker-page.js"),
    "Web Worker, in Firefox": shown("worker-page.js", { browser: "firefox" }),
    "service worker": shown("service-worker-page.js"),
    "another origin, as a CDN": elsewhere,
  },
};
