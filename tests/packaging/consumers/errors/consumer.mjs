// What loading says when it can't work: the cause by name, the section that helps, and whether trying again does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { works } from "../../harness/fixture.mjs";

const document = readFileSync(new URL("../../../../docs/bundlers.md", import.meta.url), "utf8");
const anchors = [...document.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replaceAll(" ", "-"));

const html = (script, { head = "", type = "module" } = {}) =>
  `<!doctype html><title>Errors</title><body></body>${head}<script type="${type}" src="${script}"></script>`;

/** Whether the page says this of its error. */
function says(shown, reason, retryable = false) {
  const { code, details, message, ...error } = JSON.parse(shown.split("\n", 1)[0]);
  assert.equal(details?.reason, reason, shown);
  assert.equal(error.retryable, retryable, shown);
  assert.equal(code, retryable ? "ERR_NETWORK" : "ERR_CONFIG");
  assert.match(message, new RegExp(`docs/bundlers\\.md#${reason}$`));
  assert.ok(anchors.includes(reason), `docs/bundlers.md has no section ${reason}`);
  return works;
}

// A page without a bundler that loads its module from `module`.
const page =
  (reason, { module, headers, head, mounts, retryable } = {}) =>
  (browser) =>
  async ({ files, page: look, unused }) => {
    const url = await files({ "/": ".", "/page": html("loads.js", { head }), ...mounts }, { headers });
    const from =
      module === undefined ? "" : `?module=${encodeURIComponent(module.replace("{unused}", await unused()))}`;
    return says(await look(`${url}/page${from}`, { browser }), reason, retryable);
  };

// What esbuild makes when it is told to leave the bytes out, and nobody has put the module beside the bundle.
const bundle =
  (reason, format, mounts = {}) =>
  (browser) =>
  async ({ exec, files, page: look }) => {
    const options = ["--bundle", `--format=${format}`, "--external:*.bytes.js", "--outfile=dist/main.js"];
    await exec(["esbuild", "bundled.js", ...options]);
    const type = format === "esm" ? "module" : "text/javascript";
    return says(
      await look(`${await files({ "/": "dist", "/page": html("main.js", { type }), ...mounts })}/page`, { browser }),
      reason,
    );
  };

const cases = {
  "a Content-Security-Policy without wasm-unsafe-eval": page("content-security-policy", {
    headers: { "content-security-policy": "default-src 'self'" },
  }),
  "no WebAssembly": page("no-webassembly", { head: "<script>delete globalThis.WebAssembly;</script>" }),
  "a place that isn't there": page("not-found", { module: "/nothing.wasm" }),
  "a place that is a page": page("html-instead-of-the-module", { module: "/page" }),
  "another module": page("wrong-module", { module: "/node_modules/arcgate/wasm/client.wasm" }),
  "a server that is away": page("unreachable", { module: "http://127.0.0.1:{unused}/verify.wasm", retryable: true }),
  "a bundle without the module": bundle("bundled-away", "iife"),
  "a bundle whose module isn't there": bundle("not-found", "esm"),
  "a bundle whose server answers with its page": bundle("html-instead-of-the-module", "esm", {
    "/wasm/": "<!doctype html><title>An application</title>",
  }),
};

export default {
  name: "errors at loading",
  ways: {
    ...Object.fromEntries(Object.entries(cases).map(([way, make]) => [way, make("chromium")])),
    ...Object.fromEntries(Object.entries(cases).map(([way, make]) => [`${way}, in Firefox`, make("firefox")])),
    "the root in a service worker": async ({ files, page: look }) =>
      says(await look(`${await files({ "/": ".", "/page": html("service-worker-page.js") })}/page`), "service-worker"),
  },
};
