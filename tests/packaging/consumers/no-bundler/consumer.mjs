import assert from "node:assert/strict";

const html = (script, head = "") =>
  `<!doctype html><title>No bundler</title>${head}<body></body><script type="module" src="${script}"></script>`;
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

const modules = "/node_modules/arcgate/wasm/verify.wasm";

const shown =
  (script, { browser, headers, head, mounts, silent } = {}) =>
  async ({ files, page }) =>
    page(`${await files({ "/": ".", "/page": html(script, head), ...mounts }, { headers })}/page`, { browser, silent });
// What the package has inside is used, and the page's author hears once what would be cheaper.
const warned =
  (reason, inPlace) =>
  async ({ files, look }) => {
    const { line, complaints } = await look(
      `${await files({ "/": ".", "/page": html("plain.js"), [modules]: inPlace })}/page`,
    );
    const said = complaints.filter((text) => text.startsWith("arcgate: "));
    assert.equal(said.length, 1, complaints.join("\n"));
    assert.match(said[0], new RegExp(`docs/bundlers\\.md#${reason}`));
    return line;
  };
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
  ways: {
    "import map": (kit) => shown("main.js", { head: kit.documented("Without a bundler") })(kit),
    "import map, in Firefox": (kit) =>
      shown("main.js", { head: kit.documented("Without a bundler"), browser: "firefox" })(kit),
    "a module by its path": shown("plain.js", { silent: true }),
    "a page with a strict Content-Security-Policy": shown("plain.js", {
      headers: { "content-security-policy": csp },
      silent: true,
    }),
    "the same, in Firefox": shown("plain.js", { headers: { "content-security-policy": csp }, browser: "firefox" }),
    // The bytes come as a script.
    "a Content-Security-Policy that allows no connections": shown("plain.js", {
      headers: { "content-security-policy": csp.replace("connect-src 'self'", "connect-src 'none'") },
    }),
    "a server that has no module": warned("not-found", "nothing"),
    "a server that answers with its page instead": warned("html-instead-of-the-module", "<!doctype html>"),
    "Web Worker": shown("worker-page.js"),
    "Web Worker, in Firefox": shown("worker-page.js", { browser: "firefox" }),
    "service worker": shown("service-worker-page.js"),
    "another origin, as a CDN": elsewhere,
  },
};
