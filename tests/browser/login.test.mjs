// A person logs in at the real provider, in Chromium and in Firefox: redirects, refresh with rotation, a second tab, logout.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startIdp } from "../idp/idp.mjs";
import { servePages } from "../lib/browser.mjs";
import { startBrowser } from "./webdriver.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src http:";

let pages;
let idp;
before(async () => {
  pages = await servePages(
    {
      "/": '<!doctype html><title>app</title><script type="module" src="/tests/tab.mjs"></script>',
      "/tests/": folder("tests/browser"),
      "/pkg/": folder("pkg"),
    },
    { headers: { "content-security-policy": csp } },
  );
  idp = await startIdp({ origins: [pages.url] });
});
after(async () => {
  await pages?.close();
  await idp?.close();
});

/** Goes through the provider's pages until they lead back to `goal`. */
async function through(browser, goal, name) {
  for (let page = 0; page < 6; page += 1) {
    let url = await browser.url();
    if (url.startsWith(goal)) return;
    // The address may be there before the page is.
    const submit = `
      while (document.readyState !== "complete") await new Promise((resolve) => setTimeout(resolve, 20));
      const form = document.querySelector("form");
      if (!form) return false;
      if (form.login) form.login.value = args[0];
      if (form.password) form.password.value = "any";
      (document.querySelector("button[name=logout]") ?? form.querySelector("[type=submit]") ?? form).click?.();
      return true;`;
    assert.ok(await browser.run(submit, name), `no form at ${url}`);
    for (const before = url; url === before; url = await browser.url()) await new Promise((r) => setTimeout(r, 20));
  }
  throw new Error(`the provider's pages do not lead to ${goal}, but to ${await browser.url()}`);
}

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await startBrowser(name);
    });
    after(() => browser?.close());
    // Where a redirect leads to, the address is there before the script is.
    const ready = `while (typeof tab === "undefined") await new Promise((resolve) => setTimeout(resolve, 20));`;
    const call = (what, ...args) => browser.run(`${ready} return tab.${what}(...args)`, ...args);

    const source = () => ({
      type: "authorization_code",
      issuer: idp.issuer,
      clientId: "demo-web",
      redirectUri: `${pages.url}/callback`,
      postLogoutRedirectUri: `${pages.url}/`,
      scope: "openid arc.agent.caller",
    });

    for (const storage of ["memory", "session", "encrypted"]) {
      const options = { storage, shareAcrossTabs: true };
      test(`${name}, ${storage}: log in, refresh, a second tab, log out`, { timeout: 120_000 }, async () => {
        const home = await browser.tab();
        await browser.open(`${pages.url}/start`);
        await call("make", source(), options);
        assert.equal((await call("get")).code, "ERR_UNAUTHENTICATED");
        await browser.open(await call("beginLogin", { returnTo: "/inbox?x=1#y" }));
        await through(browser, `${pages.url}/callback`, `${name}-${storage}`);

        await call("make", source(), options);
        const { outcomes, tokens } = await call("completeTwice");
        for (const { value } of outcomes) {
          assert.equal(value.claims.sub, `${name}-${storage}`);
          assert.equal(value.returnTo, "/inbox?x=1#y");
        }
        assert.match(tokens[0].value, /^eyJ/);
        assert.equal(new Set(tokens.map(({ value }) => value)).size, 1, "two managers, two tokens");

        assert.equal(await call("subject"), `${name}-${storage}`);
        assert.ok(await call("toldOf", `${name}-${storage}`));
        await call("advance", 3600_000);
        const second = await call("get");
        assert.notEqual(second.value, tokens[0].value);

        // The answer is spent: a reload does not bring it back, but a storage brings the tokens.
        await browser.reload();
        await call("make", source(), options);
        // Who it is, is known before anything is asked for.
        assert.equal(await call("subject"), storage === "memory" ? "nobody" : `${name}-${storage}`);
        const again = await call("completeLogin");
        assert.deepEqual([again.code, again.subject], ["ERR_LOGIN_REJECTED", "state"]);
        if (storage === "memory") {
          assert.equal((await call("get")).code, "ERR_UNAUTHENTICATED");
          // The provider remembers the person: no form.
          await browser.open(await call("beginLogin"));
          await through(browser, `${pages.url}/callback`, "nobody");
          await call("make", source(), options);
          assert.equal((await call("completeLogin")).value.claims.sub, `${name}-${storage}`);
        }
        const third = await call("get");
        assert.match(third.value, /^eyJ/);

        const other = await browser.newTab();
        await browser.switchTo(other);
        await browser.open(`${pages.url}/other`);
        await call("make", source(), options);
        // It has asked the first one before it shows anything.
        assert.equal(await call("subject"), `${name}-${storage}`);
        assert.deepEqual(await call("get"), third);
        assert.equal(await call("subject"), `${name}-${storage}`);

        await browser.switchTo(home);
        const end = await call("logout");
        assert.ok(end.startsWith(`${idp.issuer}/session/end?`), end);
        assert.equal((await call("get")).code, "ERR_UNAUTHENTICATED");
        await browser.switchTo(other);
        assert.ok(await call("heard", "signed_out"));
        assert.ok(await call("toldOf", "nobody"));
        assert.equal(await call("subject"), "nobody");
        assert.equal((await call("get")).code, "ERR_UNAUTHENTICATED");
        assert.ok(!/eyJ|accessToken|refresh/.test((await call("traces")).text));
        await browser.closeTab();
        await browser.switchTo(home);
        await browser.open(end);
        await through(browser, `${pages.url}/`, "nobody");
      });
    }
  });
}
