// ArcpClient in Chromium and in Firefox, against the Worker's own agents: connect, count, drop and resume, cancel, close.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startRelay } from "../lib/arcp-peers.mjs";
import { servePages } from "../lib/browser.mjs";
import { startWrangler } from "../lib/worker.mjs";
import { startBrowser } from "./webdriver.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http: ws:";

let pages;
let worker;
let relay;
before(async () => {
  pages = await servePages(
    {
      "/": '<!doctype html><title>app</title><script type="module" src="/tests/session.mjs"></script>',
      "/tests/": folder("tests/browser"),
      "/pkg/": folder("pkg"),
    },
    { headers: { "content-security-policy": csp } },
  );
  worker = await startWrangler({ STATIC_TOKENS: { "tok-alice": "alice" }, ALLOWED_ORIGINS: pages.url });
  relay = await startRelay(Number(new URL(worker.url).port));
});
after(() => Promise.all([relay?.close(), worker?.close(), pages?.close()]));

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await startBrowser(name);
      await browser.open(`${pages.url}/`);
    });
    after(() => browser?.close());
    const ready = `while (typeof session === "undefined") await new Promise((resolve) => setTimeout(resolve, 20));`;
    const call = (what, ...args) => browser.run(`${ready} return session.${what}(...args)`, ...args);

    test("a wrong token is refused as what it is", async () => {
      const refused = await call("connect", relay.url, "tok-eve");
      assert.deepEqual(refused, { code: "ERR_UNAUTHENTICATED", peer: "UNAUTHENTICATED" });
    });

    test("connect, submit, a result", async () => {
      const { value } = await call("connect", relay.url, "tok-alice");
      assert.equal(value[0], "open");
      assert.deepEqual(value[2], ["echo", "count"]);
      assert.deepEqual(await call("echo", { a: ["ü", 1] }), { value: { a: ["ü", 1] } });
    });

    test("the network goes twice while a job counts: each number once, in order", async () => {
      await call("count", 120, 10);
      for (const [cuts, at] of [20, 60].entries()) {
        await call("counted", at);
        relay.cut();
        // Else there may be nothing to cut yet the next time.
        await call("resumed", cuts + 1);
      }
      await call("counted", 120);
      const { value, seen } = await call("result");
      assert.equal(value, 120);
      assert.deepEqual(
        seen,
        Array.from({ length: 120 }, (_, n) => n + 1),
      );
      const told = await call("told");
      assert.equal(told.filter((type) => type === "resumed").length, 2);
      assert.ok(!told.includes("lost"));
    });

    test("a pause before the next connection ends when the page is looked at, and not when a field of it is", async () => {
      assert.deepEqual(await call("focused", relay.url, "tok-alice"), { ofField: [], ofPage: "connecting" });
    });

    test("cancel, and close", async () => {
      await call("count", 10_000, 20);
      await call("counted", 3);
      assert.deepEqual(await call("cancel"), { value: null });
      const { code, peer } = await call("result");
      assert.deepEqual([code, peer], ["ERR_REMOTE", "CANCELLED"]);
      assert.deepEqual(await call("close"), { value: { code: "CLOSED", reason: "done" } });
    });
  });
}
