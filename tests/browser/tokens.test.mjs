// TokenManager in pages of Chromium and Firefox: tabs that share, tabs that die, pages that come back, storage that goes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { servePages } from "../lib/browser.mjs";
import { startTokenEndpoint } from "./token-endpoint.mjs";
import { startBrowser } from "./webdriver.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const TABS = 5;
const CALLERS = 20;
const HOUR = 3600_000;

let pages;
let tokens;
before(async () => {
  tokens = await startTokenEndpoint();
  pages = await servePages(
    {
      "/": '<!doctype html><title>tab</title><script type="module" src="/tests/tab.mjs"></script>',
      "/tests/": folder("tests/browser"),
      "/pkg/": folder("pkg"),
    },
    {
      headers: {
        "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http:",
      },
    },
  );
});
after(async () => {
  await pages?.close();
  await tokens?.close();
});

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let browser;
    let home;
    const opened = [];
    before(async () => {
      browser = await startBrowser(name);
      home = await browser.tab();
    });
    after(() => browser?.close());

    /** So many tabs, each with a manager of the same client. */
    async function openTabs(count, client, options = { shareAcrossTabs: true }) {
      for (let index = 0; index < count; index += 1) {
        const handle = await browser.newTab();
        opened.push(handle);
        await browser.switchTo(handle);
        await browser.open(`${pages.url}/${client}`);
        await browser.run("return tab.make(...args)", tokens.source(client), options);
      }
      return [...opened];
    }

    /** Calls a function of tab.mjs, in this tab. */
    async function on(handle, call, ...args) {
      await browser.switchTo(handle);
      return browser.run(`return tab.${call}(...args)`, ...args);
    }

    /** What is left of the title names the client, so that no test meets another's tokens. */
    const tested = (title, work) =>
      test(`${name}: ${title}`, { timeout: 120_000 }, async () => {
        const client = `${name}-${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`.slice(0, 40);
        try {
          await work(client, (number) => ({ value: `secret-${client}-${number}` }));
        } finally {
          for (const handle of opened.splice(0)) await browser.switchTo(handle).then(browser.closeTab, () => {});
          await browser.switchTo(home);
        }
      });

    tested(`${TABS} tabs of ${CALLERS} callers at expiry: one request`, async (client, token) => {
      const tabs = await openTabs(TABS, client);
      // The second tab and those after it have theirs from the first.
      for (const tab of tabs) assert.deepEqual(await on(tab, "get"), token(1));
      assert.deepEqual(tokens.requests(client), ["r0"]);
      for (let round = 1; round <= 3; round += 1) {
        await on(tabs[0], "say", { ahead: round * HOUR, callers: CALLERS });
        const answers = [];
        for (const tab of tabs) answers.push(...(await on(tab, "answers")));
        assert.equal(answers.length, TABS * CALLERS);
        assert.deepEqual([...new Set(answers)], [token(round + 1).value]);
        assert.equal(tokens.requests(client).length, round + 1);
      }
      assert.equal(new Set(tokens.requests(client)).size, 4, "a refresh token was sent twice");
    });

    tested(`${TABS} tabs at expiry with the encrypted storage: one request`, async (client, token) => {
      const tabs = await openTabs(TABS, client, { storage: "encrypted" });
      for (const tab of tabs) assert.deepEqual(await on(tab, "get"), token(1));
      await on(tabs[0], "say", { ahead: HOUR, callers: CALLERS });
      for (const tab of tabs) assert.deepEqual([...new Set(await on(tab, "answers"))], [token(2).value]);
      assert.deepEqual(tokens.requests(client), ["r0", "r1"]);
    });

    tested("a tab that dies while it refreshes blocks nobody", async (client, token) => {
      const [dying, ...others] = await openTabs(4, client);
      assert.deepEqual(await on(dying, "get"), token(1));
      for (const tab of others) assert.deepEqual(await on(tab, "get"), token(1));
      const arrived = tokens.hold(client);
      await on(dying, "advance", HOUR);
      await on(dying, "begin");
      await arrived;
      for (const tab of others) {
        await on(tab, "advance", HOUR);
        await on(tab, "begin");
      }
      await browser.switchTo(dying);
      await browser.closeTab();
      for (const tab of others) assert.deepEqual(await on(tab, "answers"), token(2));
      assert.deepEqual(tokens.requests(client), ["r0", "r1", "r1"]);
    });

    tested("without locks, tabs still share what they hear", async (client, token) => {
      const [one, two] = await openTabs(2, client);
      for (const tab of [one, two]) {
        await browser.switchTo(tab);
        await browser.run(`Object.defineProperty(Navigator.prototype, "locks", { value: undefined })`);
      }
      assert.deepEqual(await on(one, "get"), token(1));
      assert.deepEqual(await on(two, "get"), token(1));
      for (const tab of [one, two]) await on(tab, "advance", HOUR);
      assert.deepEqual(await on(one, "get"), token(2));
      assert.deepEqual(await on(two, "get"), token(2));
      assert.deepEqual(tokens.requests(client), ["r0", "r1"]);
    });

    tested("what one tab learns, all know", async (client, token) => {
      const [one, two] = await openTabs(2, client);
      assert.deepEqual(await on(one, "get"), token(1));
      assert.deepEqual(await on(two, "get"), token(1));
      await on(one, "set", { access_token: "given", expires_in: 600 });
      assert.ok(await on(two, "heard", "adopted"));
      assert.deepEqual(await on(two, "get"), { value: "given" });
      await on(two, "invalidate", "given");
      await on(one, "until", "empty");
      assert.deepEqual(await on(one, "get"), token(2));
      assert.deepEqual(await on(two, "get"), token(2));
      await on(one, "logout");
      assert.ok(await on(two, "heard", "signed_out"));
      assert.equal(await on(two, "state"), "empty");
      assert.deepEqual(tokens.requests(client), ["r0", "r1"]);
    });

    tested("a page that comes back hands out no expired token, and has missed nothing", async (client, token) => {
      const [away, other] = await openTabs(2, client);
      assert.deepEqual(await on(away, "get"), token(1));
      assert.deepEqual(await on(other, "get"), token(1));
      await on(away, "sleeps", HOUR);
      await on(away, "quiet");
      await browser.open(`${pages.url}/elsewhere`);
      // Meanwhile the first token ends, and the other one refreshes.
      await on(other, "advance", HOUR);
      assert.deepEqual(await on(other, "get"), token(2));
      await browser.switchTo(away);
      await browser.back();
      assert.deepEqual(await on(away, "get"), token(2));
      assert.equal(await on(away, "wasKept"), true, "the page was not kept for the way back");
      assert.deepEqual(tokens.requests(client), ["r0", "r1"]);
      // And signs out.
      await on(away, "quiet");
      await browser.open(`${pages.url}/elsewhere`);
      await on(other, "logout");
      await browser.switchTo(away);
      await browser.back();
      assert.equal(await on(away, "wasKept"), true, "the page was not kept for the way back");
      await on(away, "until", "empty");
    });

    tested("the session storage survives a reload, and the tab alone has it", async (client, token) => {
      const [tab] = await openTabs(1, client, { storage: "session" });
      assert.deepEqual(await on(tab, "get"), token(1));
      await browser.reload();
      await on(tab, "make", tokens.source(client), { storage: "session" });
      assert.deepEqual(await on(tab, "get"), token(1));
      await on(tab, "advance", HOUR);
      assert.deepEqual(await on(tab, "get"), token(2));
      assert.deepEqual(tokens.requests(client), ["r0", "r1"]);
      assert.match((await on(tab, "traces")).text, /secret-/);
    });

    tested("the encrypted storage survives a reload, and shows no token", async (client, token) => {
      const [tab] = await openTabs(1, client, { storage: "encrypted" });
      assert.deepEqual(await on(tab, "get"), token(1));
      await browser.reload();
      await on(tab, "make", tokens.source(client), { storage: "encrypted" });
      assert.deepEqual(await on(tab, "get"), token(1));
      await on(tab, "advance", HOUR);
      assert.deepEqual(await on(tab, "get"), token(2));
      const { text, keys } = await on(tab, "traces");
      assert.ok(text.includes(client), "nothing was found");
      assert.ok(!/secret-|r1|r2|accessToken/.test(text.replaceAll(client, "")), text);
      assert.ok(
        keys.length > 0 && keys.every(({ extractable, taken }) => !extractable && !taken),
        JSON.stringify(keys),
      );
      await on(tab, "logout");
      assert.ok(!(await on(tab, "traces")).text.includes("sealed"));
    });

    for (const storage of ["session", "encrypted"]) {
      tested(`${storage} storage that is cleared underneath costs no token`, async (client, token) => {
        const [tab] = await openTabs(1, client, { storage });
        assert.deepEqual(await on(tab, "get"), token(1));
        await on(tab, "clear");
        assert.deepEqual(await on(tab, "get"), token(1));
        await on(tab, "advance", HOUR);
        assert.deepEqual(await on(tab, "get"), token(2));
        await browser.reload();
        await on(tab, "make", tokens.source(client), { storage });
        assert.deepEqual(await on(tab, "get"), token(2));
      });
    }

    tested("off line and back", async (client, token) => {
      const [tab] = await openTabs(1, client);
      assert.deepEqual(await on(tab, "get"), token(1));
      const goOffline = (isDown) => (name === "chromium" ? browser.setOffline(isDown) : tokens.set(client, { isDown }));
      await goOffline(true);
      assert.deepEqual(await on(tab, "get"), token(1));
      await on(tab, "advance", HOUR);
      assert.equal((await on(tab, "get")).code, "ERR_REFRESH_UNAVAILABLE");
      await goOffline(false);
      await on(tab, "advance", 60_000);
      assert.deepEqual(await on(tab, "get"), token(2));
      assert.ok(!(await on(tab, "events")).includes("revoked"));
    });
  });
}
