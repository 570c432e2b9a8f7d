// Logging in against a provider that lies.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { app, redirectUri, rejected } from "../lib/login-app.mjs";
import { create, fails } from "../lib/token-manager.mjs";

describe("against a provider that the test plays", () => {
  let server;
  let issuer;
  let keys;
  let metadata = {};
  let answer;
  const posts = [];
  before(async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    keys = { privateKey, jwk: { ...(await exportJWK(publicKey)), alg: "ES256", kid: "k", use: "sig" } };
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", async () => {
        const json = (value, status = 200) =>
          response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
        if (request.url === "/jwks") return json({ keys: [keys.jwk] });
        if (request.url === "/token") {
          posts.push(new URLSearchParams(body));
          return json(...(await answer(posts.at(-1))));
        }
        json({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          ...metadata,
        });
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());

  const idToken = (claims, { alg = "ES256", key = keys.privateKey, typ } = {}) =>
    new SignJWT({ iss: issuer, aud: "c", sub: "alice", ...claims })
      .setProtectedHeader({ alg, kid: "k", ...(typ && { typ }) })
      .setIssuedAt(claims.iat)
      .setExpirationTime(claims.exp ?? "5m")
      .sign(key);
  const tokens = (id_token) => [{ access_token: "a", token_type: "Bearer", expires_in: 600, id_token }];
  const source = (more) => ({ type: "authorization_code", issuer, clientId: "c", redirectUri, ...more });

  /** Begins a login, and gives what the provider would know of it. */
  async function begun(options, source_ = source()) {
    const manager = await create(source_, options);
    const url = await manager.beginLogin();
    const query = url.searchParams;
    const back = (more) => `${redirectUri}?${new URLSearchParams({ state: query.get("state"), code: "k", ...more })}`;
    return { manager, nonce: query.get("nonce"), challenge: query.get("code_challenge"), back };
  }

  test("the verifier is what the challenge was made of (RFC 7636)", async () => {
    const { manager, nonce, challenge, back } = await begun();
    answer = async () => tokens(await idToken({ nonce }));
    await manager.completeLogin(back());
    const form = posts.at(-1);
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.get("code_verifier")));
    assert.equal(Buffer.from(hash).toString("base64url"), challenge);
    assert.equal(form.get("redirect_uri"), redirectUri);
    assert.equal(await manager.getToken(), "a");
  });

  test("attack 24: ID tokens that are not the answer", async () => {
    const stranger = (await generateKeyPair("ES256")).privateKey;
    const secret = new TextEncoder().encode(JSON.stringify(keys.jwk));
    for (const [name, subject, make] of [
      ["wrong nonce", "nonce", () => idToken({ nonce: "other" })],
      ["no nonce", "nonce", () => idToken({})],
      ["another audience", "ERR_TOKEN_AUDIENCE", (nonce) => idToken({ nonce, aud: "other" })],
      ["several audiences without azp", "azp", (nonce) => idToken({ nonce, aud: ["c", "d"] })],
      ["another party", "azp", (nonce) => idToken({ nonce, azp: "d" })],
      ["another issuer", "ERR_TOKEN_ISSUER", (nonce) => idToken({ nonce, iss: "https://evil.example" })],
      ["expired", "ERR_TOKEN_EXPIRED", (nonce) => idToken({ nonce, iat: 1, exp: 2 })],
      ["another key", "ERR_TOKEN_SIGNATURE", (nonce) => idToken({ nonce }, { key: stranger })],
      ["an access token", "ERR_TOKEN_TYPE", (nonce) => idToken({ nonce }, { typ: "at+jwt" })],
      [
        "HS256 with the public key",
        "ERR_TOKEN_ALGORITHM",
        (nonce) => idToken({ nonce }, { alg: "HS256", key: secret }),
      ],
      [
        "alg none",
        "ERR_TOKEN_ALGORITHM",
        (nonce) =>
          new UnsecuredJWT({ iss: issuer, aud: "c", sub: "a", nonce }).setIssuedAt().setExpirationTime("5m").encode() +
          "AA",
      ],
      ["none at all", undefined, () => undefined],
    ]) {
      const { manager, nonce, back } = await begun();
      answer = async () => tokens(await make(nonce));
      await assert.rejects(manager.completeLogin(back()), rejected(subject), name);
      assert.equal(manager.state, "empty", name);
      await assert.rejects(manager.getToken(), fails("ERR_UNAUTHENTICATED"), name);
    }
  });

  test("whoever is another issuer is named beside the one that is configured", async () => {
    const other = "https://evil.example";
    const both = ({ message }) => [other, issuer, "issuer"].every((part) => message.includes(part));
    const one = await begun();
    answer = async () => tokens(await idToken({ nonce: one.nonce, iss: other }));
    await assert.rejects(one.manager.completeLogin(one.back()), both);
    const two = await begun();
    await assert.rejects(two.manager.completeLogin(two.back({ iss: other })), both);
  });

  test("attack 24: answers that are none cost no request", async () => {
    const count = posts.length;
    for (const [more, subject] of [
      [{ state: "other" }, "state"],
      [{ iss: "https://evil.example" }, "iss"],
      [{ error: "access_denied", error_description: "<b>", iss: "https://evil.example" }, "iss"],
      [{ error: "access_denied" }, "access_denied"],
      [{ error: "a b<script>" }, "unnamed"],
      [{ code: "" }, undefined],
      [{ state: "" }, undefined],
    ]) {
      const { manager, back } = await begun();
      await assert.rejects(manager.completeLogin(back(more)), rejected(subject), JSON.stringify(more));
    }
    const { manager, back } = await begun();
    await assert.rejects(manager.completeLogin(`${back()}&code=l`), rejected(undefined));
    await assert.rejects(manager.completeLogin(redirectUri), rejected(undefined));
    await assert.rejects(manager.completeLogin(back().replace("?", "#")), rejected(undefined));
    assert.equal(posts.length, count);
  });

  test("attack 24: an answer counts once, and ten minutes", async () => {
    let now = Date.now();
    const { manager, nonce, back } = await begun({ now: () => now });
    answer = async () => [{ error: "invalid_grant" }, 400];
    await assert.rejects(manager.completeLogin(back()), rejected("invalid_grant"));
    answer = async () => tokens(await idToken({ nonce }));
    await assert.rejects(manager.completeLogin(`${back()}&x=1`), rejected("invalid_grant"));
    const late = await begun({ now: () => now });
    now += 600_000;
    await assert.rejects(late.manager.completeLogin(late.back()), rejected("state"));
  });

  test("attack 24: the page goes on at its own origin only", async () => {
    const manager = await create(source());
    for (const returnTo of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "\t//evil.example",
      `${app}.evil.example/`,
      `${app}@evil.example/`,
      `${app}//evil.example`,
      "javascript:alert(1)",
      `blob:${app}/x`,
      "https://127.0.0.1:8787/",
      "http://user@127.0.0.1:8787/",
    ]) {
      await assert.rejects(manager.beginLogin({ returnTo }), fails("ERR_CONFIG"), returnTo);
    }
  });

  test("a clock that is minutes wrong keeps nobody out", async () => {
    for (const wrong of [-3 * 60_000, 3 * 60_000, 40 * 60_000]) {
      const { manager, nonce, back } = await begun({ now: () => Date.now() + wrong });
      answer = async () => tokens(await idToken({ nonce }));
      assert.equal((await manager.completeLogin(back())).claims.sub, "alice");
      assert.equal(await manager.getToken(), "a");
    }
  });

  test("attack 25: no code, token or verifier in any error or event", async () => {
    const events = [];
    const { manager, back } = await begun({ onEvent: (event) => events.push(event) });
    answer = async (form) => [
      {
        error: "invalid_grant",
        error_description: `hunter2 ${form.get("code_verifier")}`,
        error_uri: "https://x/?hunter2",
      },
      400,
    ];
    const error = await manager.completeLogin(back({ code: "hunter2" })).catch((thrown) => thrown);
    const shown = `${error.stack} ${JSON.stringify(error)} ${error.cause} ${JSON.stringify(events)}`;
    assert.equal(error.code, "ERR_LOGIN_REJECTED");
    assert.ok(!shown.includes("hunter2") && !shown.includes(posts.at(-1).get("code_verifier")), shown);
  });

  test("a provider that is out of reach is not a login that was refused", async () => {
    const { manager, back } = await begun();
    answer = async () => [{}, 503];
    await assert.rejects(manager.completeLogin(back()), fails("ERR_REFRESH_UNAVAILABLE"));
    metadata = { authorization_endpoint: undefined };
    await assert.rejects((await create(source())).beginLogin(), fails("ERR_CONFIG"));
    metadata = {};
  });

  test("options that can't be meant", async () => {
    const { type } = source();
    const other = await create({ type: "static", token: "t" });
    await assert.rejects(other.beginLogin(), fails("ERR_CONFIG"));
    await assert.rejects(other.completeLogin(redirectUri), fails("ERR_CONFIG"));
    assert.equal(await other.logout(), undefined);
    for (const wrong of [
      { redirectUri: "/callback" },
      { redirectUri: `${redirectUri}#x` },
      { redirectUrl: redirectUri },
      { authorizationParams: { state: "x" } },
    ]) {
      await assert.rejects(create({ ...source(), type, ...wrong }), fails("ERR_CONFIG"), JSON.stringify(wrong));
    }
  });
});
