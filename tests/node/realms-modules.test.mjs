// Modules that come from another realm: as its bytes, its URL, its promise, or as the answer of a package's `fetch`.

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { root } from "../../scripts/setup/cache.mjs";
import { installed } from "../lib/installed.mjs";

const require = createRequire(join(await installed("realms", { jsdom: "27.4.0", undici: "7.19.0" }), "package.json"));
const { JSDOM } = require("jsdom");
const undici = require("undici");
const { window } = new JSDOM("", { url: "https://page.example/", runScripts: "outside-only" });
const file = join(root, "pkg/wasm/verify.wasm");
const inContext = vm.runInNewContext("(numbers) => Uint8Array.from(numbers)");
const copies = mkdtempSync(join(tmpdir(), "arcgate-realms-"));
after(() => rmSync(copies, { recursive: true, force: true }));
let count = 0;
const headers = { "content-type": "application/wasm" };

for (const [what, make] of [
  ["bytes of a vm context's", () => inContext(readFileSync(file))],
  ["a buffer of a vm context's", () => inContext(readFileSync(file)).buffer],
  ["jsdom's promise of bytes", () => window.eval("(bytes) => Promise.resolve(bytes)")(inContext(readFileSync(file)))],
  ["a URL of jsdom's", () => new window.URL(pathToFileURL(file).href)],
  ["a Response of undici's", () => new undici.Response(readFileSync(file), { headers })],
  ["a promise of one", async () => new undici.Response(readFileSync(file), { headers })],
]) {
  test(`${what} is a module`, async () => {
    // Each in a package of its own: a module is loaded once.
    const own = join(copies, String(count++));
    cpSync(join(root, "pkg"), own, { recursive: true });
    const { ready, DenyAllVerifier } = await import(pathToFileURL(join(own, "verify.node.js")).href);
    await ready({ module: make() });
    await DenyAllVerifier.create();
  });
}
