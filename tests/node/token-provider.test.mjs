// TokenManager against the real provider, and a refresh that is forced.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { startIdp } from "../idp/idp.mjs";
import { create, fails } from "../lib/token-manager.mjs";

/** A fetch that counts, and may fail. */
function counting(fetch = globalThis.fetch) {
  const counted = async (url, init) => {
    if (init?.method === "POST") counted.posts.push({ url: String(url), body: String(init.body), init });
    if (counted.fails) throw new TypeError("fetch failed");
    return fetch(url, init);
  };
  counted.posts = [];
  return counted;
}

describe("against the real provider", () => {
  let idp;
  let keys;
  before(async () => {
    keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "client-key", use: "sig" };
    const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
    idp = await startIdp({
      clients: [
        { ...machine, client_id: "keyed", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [jwk] } },
        {
          ...machine,
          client_id: "od:d id",
          client_secret: "s:e c&r%",
          token_endpoint_auth_method: "client_secret_basic",
        },
      ],
    });
  });
  after(() => idp.close());
  const machine = (more) => ({
    type: "client_credentials",
    issuer: idp.issuer,
    clientId: "demo",
    clientSecret: "demo-secret",
    clientAuth: "client_secret_post",
    scope: "arc.agent.caller",
    ...more,
  });

  test("client_secret_post: a hundred callers, one request, one token that the provider knows", async () => {
    const fetch = counting();
    const events = [];
    const now = Date.now();
    const manager = await create(machine(), { fetch, now: () => now, onEvent: (event) => events.push(event) });
    assert.equal(manager.state, "empty");
    assert.equal(manager.expiresAt, undefined);
    const tokens = await Promise.all(Array.from({ length: 100 }, () => manager.getToken()));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(fetch.posts.length, 1);
    assert.equal(manager.state, "valid");
    assert.equal(manager.expiresAt, now / 1000 + 600);
    const claims = JSON.parse(Buffer.from(tokens[0].split(".")[1], "base64url"));
    assert.equal(claims.scope, "arc.agent.caller");
    assert.deepEqual(
      events.map(({ type, reason }) => [type, reason]),
      [["refreshed", "initial"]],
    );
    assert.ok(!JSON.stringify(events).includes("eyJ"));
  });

  test("client_secret_basic, with characters that need encoding", async () => {
    const manager = await create(
      machine({ clientId: "od:d id", clientSecret: "s:e c&r%", clientAuth: "client_secret_basic" }),
    );
    assert.match(await manager.getToken(), /^eyJ/);
  });

  test("private_key_jwt, signed with a key that can't be exported", async () => {
    const { clientSecret, clientAuth, ...rest } = machine();
    const manager = await create({ ...rest, clientId: "keyed", privateKey: keys.privateKey, keyId: "client-key" });
    assert.match(await manager.getToken(), /^eyJ/);
    assert.match(await manager.getToken({ forceRefresh: true }), /^eyJ/);
  });

  test("a wrong secret: refused, with the hint, without the secret", async () => {
    const manager = await create(machine({ clientSecret: "hunter2" }));
    await assert.rejects(
      manager.getToken(),
      fails("ERR_REFRESH_REJECTED", (error) => {
        assert.equal(error.details.subject, "invalid_client");
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes("hunter2"));
      }),
    );
    assert.equal(manager.state, "failed");
  });

  test("tokens of 5 seconds over 20: always valid, few requests", async () => {
    let now = Date.now();
    let askedAt;
    const fetch = counting((...asked) => {
      askedAt = now;
      return globalThis.fetch(...asked);
    });
    const manager = await create(machine({ clientId: "demo-short" }), { fetch, now: () => now });
    const since = new Map();
    for (const end = now + 20_000; now < end; now += 100) {
      const token = await manager.getToken();
      if (!since.has(token)) since.set(token, askedAt);
      assert.ok(now - since.get(token) < 5000, "an expired token was handed out");
      // A refresh beside takes none of that time.
      for (; manager.state === "refreshing"; await turn());
    }
    assert.ok(fetch.posts.length >= 4 && fetch.posts.length <= 9, `${fetch.posts.length} requests`);
  });

  test("revoke: the provider is told, and the next token is a new one", async () => {
    const fetch = counting();
    const events = [];
    const manager = await create(machine(), { fetch, onEvent: ({ type }) => events.push(type) });
    const token = await manager.getToken();
    // This provider answers for opaque tokens only; a JWT is not its to revoke, and it says so.
    await manager.revoke().catch(fails("ERR_REFRESH_REJECTED"));
    assert.equal(fetch.posts.at(-1).url, `${idp.issuer}/token/revocation`);
    assert.match(fetch.posts.at(-1).body, new RegExp(`token=${token}`));
    assert.equal(manager.state, "empty");
    assert.notEqual(await manager.getToken(), token);
  });
});

describe("a forced refresh", () => {
  const source = {
    type: "client_credentials",
    tokenEndpoint: "http://127.0.0.1/token",
    clientId: "c",
    clientSecret: "s",
  };
  // An endpoint that answers when the test says so, and a clock that stands still: order alone tells what came first.
  const held = () => {
    const answers = [];
    let sent = () => {};
    const fetch = (_url, { headers }) =>
      new Promise((resolve) => {
        assert.ok(headers.authorization);
        answers.push(() => resolve(Response.json({ access_token: `t${answers.length}`, expires_in: 3600 })));
        sent();
      });
    const count = async (wanted) => {
      while (answers.length < wanted) await new Promise((resolve) => (sent = resolve));
    };
    return { fetch, answers, count, now: () => 1_800_000_000_000 };
  };

  test("callers at the same time share one request; who comes during it joins the one next", async () => {
    const { fetch, answers, count, now } = held();
    const manager = await create(source, { fetch, now });
    const first = Array.from({ length: 20 }, () => manager.getToken({ forceRefresh: true }));
    await count(1);
    const late = Array.from({ length: 20 }, () => manager.getToken({ forceRefresh: true }));
    const calm = manager.getToken();
    answers[0]();
    assert.deepEqual(new Set(await Promise.all([...first, calm])), new Set(["t1"]));
    await count(2);
    answers[1]();
    assert.deepEqual(new Set(await Promise.all(late)), new Set(["t2"]));
    assert.equal(answers.length, 2);
  });

  test("a token that came a moment ago was asked for before the call, and so was one that is on its way", async () => {
    const { fetch, answers, count, now } = held();
    const manager = await create(source, { fetch, now });
    const calm = manager.getToken();
    await count(1);
    const forced = manager.getToken({ forceRefresh: true });
    answers[0]();
    assert.equal(await calm, "t1");
    await count(2);
    answers[1]();
    assert.equal(await forced, "t2");
    const again = manager.getToken({ forceRefresh: true });
    await count(3);
    answers[2]();
    assert.equal(await again, "t3");
    assert.equal(await manager.getToken(), "t3");
  });
});
