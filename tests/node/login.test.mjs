// Logging in: against the real provider, and against one that lies.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { ArcgateError, TokenManager } from "../../pkg/entry.node.js";
import { startIdp } from "../idp/idp.mjs";
import { logIn } from "../lib/person.mjs";

const app = "http://127.0.0.1:8787";
const redirectUri = `${app}/callback`;
const managers = [];
const create = async (source, options) => {
  const manager = await TokenManager.create(source, options);
  managers.push(manager);
  return manager;
};
after(() => {
  for (const manager of managers) manager.close();
});

const rejected = (subject) => (error) => {
  assert.ok(error instanceof ArcgateError, String(error));
  assert.equal(error.code, "ERR_LOGIN_REJECTED", error.message);
  assert.equal(error.details.subject, subject, error.message);
  return true;
};
const fails = (code) => (error) => {
  assert.equal(error.code, code, error.message);
  return true;
};

describe("against the real provider", () => {
  let idp;
  before(async () => {
    idp = await startIdp({ origins: [app] });
  });
  after(() => idp.close());
  const web = (more) => ({
    type: "authorization_code",
    issuer: idp.issuer,
    clientId: "demo-web",
    redirectUri,
    scope: "openid arc.agent.caller",
    postLogoutRedirectUri: `${app}/`,
    ...more,
  });

  test("log in, refresh with rotation, log out", async () => {
    let ahead = 0;
    let last;
    const fetch = async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (String(url).endsWith("/token")) last = (await response.clone().json()).refresh_token;
      return response;
    };
    const manager = await create(web(), { fetch, now: () => Date.now() + ahead });
    await assert.rejects(manager.getToken(), fails("ERR_UNAUTHENTICATED"));
    const url = await manager.beginLogin({ returnTo: "/inbox?x#y" });
    assert.ok(url instanceof URL);
    assert.equal(url.searchParams.get("code_challenge_method"), "S256");
    const back = await logIn(url, redirectUri);
    const { claims, returnTo } = await manager.completeLogin(back);
    assert.equal(claims.sub, "alice");
    assert.equal(returnTo, "/inbox?x#y");
    const token = await manager.getToken();
    assert.equal(JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub, "alice");
    const tokens = new Set([token]);
    for (let round = 0; round < 2; round += 1) {
      ahead += 3600_000;
      tokens.add(await manager.getToken());
    }
    assert.equal(tokens.size, 3);
    const end = await manager.logout();
    assert.equal(`${end.origin}${end.pathname}`, `${idp.issuer}/session/end`);
    assert.equal(end.searchParams.get("post_logout_redirect_uri"), `${app}/`);
    assert.ok(end.searchParams.get("id_token_hint"));
    assert.equal(manager.state, "empty");
    await assert.rejects(manager.getToken(), fails("ERR_UNAUTHENTICATED"));
    await assert.rejects(manager.completeLogin(back), rejected("state"));
    // The provider, too, takes the refresh token no more.
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo-web", refresh_token: last });
    assert.equal((await globalThis.fetch(idp.tokenEndpoint, { method: "POST", body })).status, 400);
  });

  test("called twice with the same URL, as React's StrictMode does: one request, one result", async () => {
    let posts = 0;
    const fetch = (url, init) => {
      if (init?.method === "POST") posts += 1;
      return globalThis.fetch(url, init);
    };
    const manager = await create(web(), { fetch });
    const back = await logIn(await manager.beginLogin(), redirectUri);
    const [one, two] = await Promise.all([manager.completeLogin(back), manager.completeLogin(new URL(back))]);
    assert.deepEqual(one, two);
    assert.deepEqual(await manager.completeLogin(back), one);
    assert.equal(one.returnTo, undefined);
    assert.equal(posts, 1);
  });

  test("without a page, a login waits in the storage, beside the tokens", async () => {
    let kept;
    const storage = {
      get: async () => kept && structuredClone(kept),
      put: async (tokens) => {
        kept = structuredClone(tokens);
      },
      delete: async () => {
        kept = undefined;
      },
    };
    const first = await create(web(), { storage });
    const [back, other] = [
      await logIn(await first.beginLogin({ returnTo: `${app}/a` }), redirectUri),
      await logIn(await first.beginLogin({ returnTo: "/b" }), redirectUri),
    ];
    assert.equal(kept.logins.length, 2);
    // Another isolate takes the answer.
    const second = await create(web(), { storage });
    assert.equal((await second.completeLogin(back)).returnTo, "/a");
    assert.equal(kept.logins.length, 1);
    assert.ok(kept.accessToken && kept.refreshToken && kept.idToken);
    // And a third one goes on with its tokens, but does not take the answer again.
    const third = await create(web(), { storage });
    assert.equal(await third.getToken(), await second.getToken());
    await assert.rejects(third.completeLogin(back), rejected("state"));
    assert.equal((await third.completeLogin(other)).returnTo, "/b");
    assert.equal(kept.logins, undefined);
    await third.logout();
    assert.equal(kept, undefined);
  });

  test("attack 24: a code of somebody else's login is of no use", async () => {
    const [victim, attacker] = [await create(web()), await create(web())];
    const theirs = new URL(await logIn(await attacker.beginLogin(), redirectUri, { name: "mallory" }));
    const ours = new URL(await logIn(await victim.beginLogin(), redirectUri));
    ours.searchParams.set("code", theirs.searchParams.get("code"));
    await assert.rejects(victim.completeLogin(ours), rejected("invalid_grant"));
    assert.equal(victim.state, "empty");
    // Nor is a whole answer: it's not one to a login of ours.
    await assert.rejects(victim.completeLogin(theirs), rejected("state"));
  });

  test("attack 24: this provider promises `iss`, so an answer without it is refused", async () => {
    const manager = await create(web());
    const back = new URL(await logIn(await manager.beginLogin(), redirectUri));
    assert.equal(back.searchParams.get("iss"), idp.issuer);
    back.searchParams.delete("iss");
    await assert.rejects(manager.completeLogin(back), rejected("iss"));
  });

  test("the provider's no is named", async () => {
    const manager = await create(web({ authorizationParams: { prompt: "none" } }));
    const back = await logIn(await manager.beginLogin(), redirectUri);
    await assert.rejects(manager.completeLogin(back), rejected("login_required"));
  });
});

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
