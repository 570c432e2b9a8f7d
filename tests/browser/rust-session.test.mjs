// The crate's ArcpClient in Chromium, in Firefox and in Node, against the Worker's own agents: connect, count, drop and resume,
// cancel, close; and nothing of a session is left behind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startRelay } from "../lib/arcp-peers.mjs";
import { servePages } from "../lib/browser.mjs";
import { buildRust } from "../lib/rust-module.mjs";
import { startWrangler } from "../lib/worker.mjs";
import { startBrowser } from "./webdriver.mjs";

const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http: ws: 'self'";
const crate = fileURLToPath(new URL("../rust-session", import.meta.url));

let pages;
let worker;
let relay;
let built;
before(async () => {
  built = await buildRust(crate, "rust_session");
  pages = await servePages(
    {
      "/": '<!doctype html><title>app</title><script type="module" src="/tests/rust-page.mjs"></script>',
      "/tests/": fileURLToPath(new URL(".", import.meta.url)),
      "/rust/": built.folder,
    },
    { headers: { "content-security-policy": csp } },
  );
  worker = await startWrangler({ STATIC_TOKENS: { "tok-alice": "alice" }, ALLOWED_ORIGINS: pages.url });
  relay = await startRelay(Number(new URL(worker.url).port));
});
after(() => Promise.all([relay?.close(), worker?.close(), pages?.close()]));

/** The page's program here, as a browser's page runs it. */
async function inNode() {
  const program = await import("./rust-page.mjs");
  const session = program.pageOf(await import(`${built.folder}/rust_session.js`), readFileSync(built.wasm));
  return { call: (what, ...args) => session[what](...args), close() {} };
}

async function inBrowser(name) {
  const browser = await startBrowser(name);
  await browser.open(`${pages.url}/`);
  const ready = `while (typeof session === "undefined") await new Promise((resolve) => setTimeout(resolve, 20));`;
  const call = (what, ...args) => browser.run(`${ready} return session.${what}(...args)`, ...args);
  return { call, close: () => browser.close() };
}

for (const name of ["node", "chromium", "firefox"]) {
  describe(name, { timeout: 120_000 }, () => {
    let place;
    const call = (...args) => place.call(...args);
    before(async () => {
      place = await (name === "node" ? inNode() : inBrowser(name));
    });
    after(() => place?.close());

    test("a wrong token is refused as what it is, and asked for once more", async () => {
      const refused = await call("connect", relay.url, ["tok-eve", "tok-mallory"]);
      assert.deepEqual(refused, { error: 'ERR_UNAUTHENTICATED Text("UNAUTHENTICATED")', asked: [false, false, true] });
    });

    test("connect, submit, a result", async () => {
      const { value } = await call("connect", relay.url, ["tok-alice"]);
      const [state, , agents] = JSON.parse(value);
      assert.deepEqual([state, agents], ["Open", ["echo", "count"]]);
      assert.deepEqual(await call("run", "echo", '{"a":["ü",1]}'), { value: '{"a":["ü",1]}' });
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
      assert.deepEqual(await call("result"), { value: "120" });
      assert.deepEqual(
        await call("seen"),
        Array.from({ length: 120 }, (_, n) => n + 1),
      );
      const told = await call("told");
      assert.equal(told.filter((type) => type === "resumed").length, 2, told.join());
      assert.ok(!told.includes("lost"), told.join());
    });

    test("list, cancel, and close", async () => {
      await call("count", 10_000, 20);
      await call("counted", 3);
      assert.ok((await call("listed")).value >= 1);
      assert.deepEqual(await call("cancel"), { value: null });
      assert.deepEqual(await call("result"), { error: 'ERR_REMOTE Text("CANCELLED")' });
      assert.deepEqual(await call("close"), { value: '["done",true]' });
      assert.equal((await call("told")).at(-1), "closed");
    });

    // Node has no page.
    test("a pause before the next connection ends when the page is looked at, and not when a field of it is", {
      skip: name === "node",
    }, async () => {
      await call("connect", relay.url, ["tok-alice"], 60_000);
      relay.refuse(true);
      relay.cut();
      try {
        assert.deepEqual(await call("focused"), { ofField: null, ofPage: "connecting" });
      } finally {
        relay.refuse(false);
      }
      await call("close");
    });

    test("of sessions that have come and gone nothing is left", async () => {
      const bytes = [];
      for (let round = 0; round < 3; round++) bytes.push(await call("sessions", relay.url, 10, bytes[1]));
      assert.ok(bytes[2] <= bytes[1], bytes.join());
    });
  });
}
