// The browser's HTTP cache stands below ours: a provider that lets its keys and its metadata be cached for a day must not make
// a rotated key unknown, nor a removed one good, in the verifier, the ID tokens of logins, or the manager's metadata.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { startBrowser } from "./webdriver.mjs";

const types = { js: "text/javascript", wasm: "application/wasm" };
const asked = [];
let server;
let url;
let keys;

// Page, package and provider of one origin, so that no CORS decides what the cache gives.
async function answer(request, response) {
  const { pathname } = new URL(request.url, url);
  asked.push(pathname);
  const json = (value) => {
    response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=86400" });
    response.end(JSON.stringify(value));
  };
  if (pathname === "/.well-known/openid-configuration") {
    const endpoints = { token_endpoint: `${url}/token`, authorization_endpoint: `${url}/authorize` };
    json({ issuer: url, jwks_uri: `${url}/keys`, ...endpoints });
  } else if (pathname === "/keys") json({ keys: keys.map(({ jwk }) => jwk) });
  else if (pathname === "/token") json({ access_token: "t", token_type: "Bearer", expires_in: 600 });
  else if (pathname.startsWith("/pkg/")) {
    const bytes = await readFile(new URL(`../..${pathname}`, import.meta.url));
    response.writeHead(200, { "content-type": types[pathname.split(".").pop()] ?? "text/plain" }).end(bytes);
  } else response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>");
}

async function makeKey(kid) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid };
  const sign = () =>
    new SignJWT({ sub: "u", aud: "api" })
      .setProtectedHeader({ alg: "ES256", kid })
      .setIssuer(url)
      .setIssuedAt()
      .setExpirationTime("2h")
      .sign(privateKey);
  return { jwk, sign };
}

before(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server?.closeAllConnections();
  server?.close();
});

const make = `
  const { JwtVerifier } = await import("/pkg/entry.web.js");
  window.ahead = 0;
  window.verifier = await JwtVerifier.create({
    providers: { p: { issuer: args[0], audience: "api" } }, tokenCache: false, now: () => Date.now() + window.ahead,
  });`;
const verify = `
  window.ahead = args[1];
  return window.verifier.verify(args[0]).then(({ principal }) => principal.id, ({ code }) => code);`;
const manage = `
  const { TokenManager } = await import("/pkg/entry.web.js");
  const source = { type: "refresh_token", issuer: args[0], clientId: "c", refreshToken: "r" };
  const manager = await TokenManager.create(source);
  return manager.getToken().finally(() => manager.close());`;

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await startBrowser(name);
    });
    after(() => browser?.close());

    test("a removed key ends with the hard limit, and a rotated one is known at once", async () => {
      const [old, fresh] = [await makeKey("old"), await makeKey("fresh")];
      keys = [old];
      await browser.open(`${url}/`);
      await browser.run(make, url);
      assert.equal(await browser.run(verify, await old.sign(), 0), "u");
      keys = [fresh];
      assert.equal(await browser.run(verify, await old.sign(), 700_000), "ERR_KEY_NOT_FOUND");
      assert.equal(await browser.run(verify, await fresh.sign(), 706_000), "u");
      // Another page of the origin, which begins with nothing.
      await browser.open(`${url}/`);
      await browser.run(make, url);
      assert.equal(await browser.run(verify, await fresh.sign(), 0), "u");
      assert.equal(await browser.run(verify, await old.sign(), 6000), "ERR_KEY_NOT_FOUND");
    });

    test("each manager reads the metadata as it is now", async () => {
      await browser.open(`${url}/`);
      for (let turn = 0; turn < 2; turn += 1) {
        asked.length = 0;
        assert.equal(await browser.run(manage, url), "t");
        assert.deepEqual(
          asked.filter((path) => !path.startsWith("/pkg/") && path !== "/favicon.ico"),
          ["/.well-known/openid-configuration", "/token"],
        );
      }
    });
  });
}
