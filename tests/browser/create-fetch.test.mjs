// createFetch in pages of Chromium and Firefox: where a redirect leads can't be seen there, and the token does not follow it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bad, only, startServers } from "../lib/bearer-servers.mjs";
import { servePages } from "../lib/browser.mjs";
import { startBrowser } from "./webdriver.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http:";

let pages;
let servers;
before(async () => {
  servers = await startServers();
  const page = '<!doctype html><title>page</title><script type="module" src="/tests/fetching.mjs"></script>';
  pages = await servePages(
    { "/": page, "/tests/": folder("tests/browser"), "/pkg/": folder("pkg") },
    { headers: { "content-security-policy": csp } },
  );
});
after(async () => {
  await pages?.close();
  servers?.close();
});

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await startBrowser(name);
      await browser.open(`${pages.url}/here/`);
    });
    after(() => browser?.close());
    const ready = `while (typeof page === "undefined") await new Promise((resolve) => setTimeout(resolve, 20));`;
    const call = (what, ...args) => browser.run(`${ready} return page.${what}(...args)`, ...args);

    test(`${name}: a token goes where it may, and over no redirect to another origin`, async () => {
      const { api, other, seen } = servers;
      servers.reset();
      await call("make", [api, other]);
      for (const status of [301, 302, 303, 307, 308]) {
        servers.answers["/away"] = () => [status, { location: `${other}/there` }];
        servers.answers["/within"] = () => [status, { location: "/here" }];
        seen.length = 0;
        for (const path of ["/away", "/within"]) assert.equal((await call("get", `${api}${path}`)).status, 200);
        const gone = seen.map(({ path, authorization }) => `${path} ${authorization}`);
        assert.deepEqual(gone, ["/away Bearer t1", "/there undefined", "/within Bearer t1", "/here Bearer t1"]);
      }
      // What is refused there was not refused to this token.
      servers.answers["/away"] = () => [307, { location: `${other}/no` }];
      servers.answers["/no"] = () => [401, bad];
      seen.length = 0;
      assert.equal((await call("get", `${api}/away`)).status, 401);
      assert.equal(seen.length, 2);
      // Nor where the way led back, without the token: a page can't see that.
      servers.answers["/no"] = () => [307, { location: `${api}/back` }];
      servers.answers["/back"] = () => [401, bad];
      seen.length = 0;
      assert.equal((await call("get", `${api}/away`)).status, 401);
      assert.equal(seen.length, 3);
    });

    test(`${name}: once more with a fresh token, the body of a Request and of its parts included`, async () => {
      const { api, seen } = servers;
      for (const how of ["post", "postRequest"]) {
        servers.reset();
        servers.answers["/"] = only("t2");
        await call("make", [api]);
        assert.deepEqual(await call(how, api, "kept"), { status: 200, text: "kept" });
        const sent = seen.map(({ authorization, body }) => `${authorization} ${body}`);
        assert.deepEqual(sent, ["Bearer t1 kept", "Bearer t2 kept"]);
      }
    });

    test(`${name}: a URL that is relative is the page's`, async () => {
      await call("make", [pages.url], "own");
      const elsewhere = `//${new URL(servers.api).host}/x`;
      for (const [given, input, authorization] of [
        ["x", `${pages.url}/here/x`, "Bearer t1"],
        ["/x", `${pages.url}/x`, "Bearer t1"],
        [elsewhere, elsewhere, null],
        [`blob:${pages.url}/x`, `blob:${pages.url}/x`, null],
      ]) {
        assert.deepEqual(JSON.parse((await call("get", given)).text), { input, authorization });
      }
    });
  });
}
