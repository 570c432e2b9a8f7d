// TokenManager and what its users give it: callbacks, storages, fetches, clocks and options that are not what they should be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, fails, memoryStorage } from "../lib/token-manager.mjs";

const machine = {
  type: "client_credentials",
  tokenEndpoint: "http://127.0.0.1/token",
  clientId: "c",
  clientSecret: "s",
};
const person = {
  type: "refresh_token",
  tokenEndpoint: "http://127.0.0.1/token",
  clientId: "c",
  refreshToken: "r",
};
const web = {
  type: "authorization_code",
  issuer: "http://127.0.0.1",
  clientId: "c",
  redirectUri: "http://127.0.0.1/cb",
};
const metadata = {
  issuer: web.issuer,
  authorization_endpoint: "http://127.0.0.1/auth",
  token_endpoint: "http://127.0.0.1/token",
  jwks_uri: "http://127.0.0.1/jwks",
};
const answers = (members) => () =>
  Response.json({ access_token: "t", token_type: "Bearer", expires_in: 60, ...members });
const holdsItself = {};
holdsItself.access_token = holdsItself;
const throws = Object.defineProperty({}, "access_token", {
  enumerable: true,
  get() {
    throw new Error("not today");
  },
});

/** What is no token, in each way that JSON has no word for, and some more. */
const odd = [
  () => () => "t",
  () => Symbol("t"),
  () => ({ toJSON() {} }),
  () => ({ toJSON: () => () => "t" }),
  () => ({ access_token: () => "t" }),
  () => ({ access_token: Symbol("t") }),
  () => ({ access_token: "t", expires_in: 5n }),
  () => ({ access_token: "t", refresh_token: Symbol("r") }),
  () => holdsItself,
  () => throws,
  () => 5n,
  () => undefined,
  () => null,
  () => [],
  () => new Map([["access_token", "t"]]),
  () => Object.create(null),
];

describe("what a callback gives", () => {
  test("is a token, or a failure that says so: nobody waits for ever", async () => {
    for (const make of odd) {
      const manager = await create({ type: "callback", fetchToken: async () => make() });
      await assert.rejects(
        manager.getToken(),
        fails("ERR_REFRESH_UNAVAILABLE", ({ message }) => assert.match(message, /fetchToken/)),
        String(make),
      );
      assert.equal(manager.state, "failed", String(make));
    }
  });

  test("may be a library's object, with methods beside the tokens", async () => {
    class Answer {
      access_token = "t";
      expires_in = 60;
      toHeader = () => `Bearer ${this.access_token}`;
      account = new Map();
    }
    const manager = await create({ type: "callback", fetchToken: () => new Answer() });
    assert.equal(await manager.getToken(), "t");
    manager.setToken(new Answer());
    assert.equal(await manager.getToken(), "t");
  });
});

test("a storage that gives anything, throws, or keeps nothing costs a manager its memory and no more", async () => {
  for (const make of odd) {
    for (const get of [make, async () => make(), () => Promise.reject(make())]) {
      const storage = { get, put: make, delete: make };
      const manager = await create(machine, { storage, fetch: async () => answers()() });
      assert.equal(await manager.getToken(), "t", String(make));
      const logins = await create(web, { storage, fetch: async () => Response.json(metadata) });
      assert.ok((await logins.beginLogin()) instanceof URL, String(make));
    }
  }
});

test("answers of a fetch that are no Response fail", async () => {
  const headers = (value) => ({ get: () => value });
  for (const answer of [
    undefined,
    null,
    5,
    {},
    { status: 200 },
    { status: "x", headers: headers(null), body: null },
    { status: 200, headers: headers(5), body: null },
    { status: 200, headers: headers(Symbol("x")), body: null },
    { status: 5n, headers: headers(null), body: null },
    { status: Symbol("x"), headers: headers(null), body: null },
  ]) {
    for (const source of [machine, person]) {
      const manager = await create(source, { fetch: async () => answer });
      await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"), String(answer));
    }
  }
});

test("a fetch that does not listen to its signal is heard of within the time-out, and asked once", async () => {
  const never = new Promise(() => {});
  const stalls = [() => never, async () => new Response(new ReadableStream({ pull: () => never }))];
  for (const stall of stalls) {
    for (const source of [machine, person, { ...person, tokenEndpoint: undefined, issuer: "http://127.0.0.1" }]) {
      let asked = 0;
      const fetch = () => {
        asked += 1;
        return stall();
      };
      const manager = await create(source, { fetch, timeoutMs: 50 });
      await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
      // Metadata is looked for at two places.
      assert.equal(asked, source.tokenEndpoint ? 1 : 2);
    }
  }
});

describe("options", () => {
  test("of every call are checked", async () => {
    const manager = await create({ type: "static", token: "t" });
    const logins = await create(web, { fetch: async () => Response.json(metadata) });
    for (const [call, subject] of [
      [() => manager.getToken({ signal: 5 }), "signal"],
      [() => manager.getToken({ signal: {} }), "signal"],
      [() => manager.getToken({ waitUntil: 5 }), "waitUntil"],
      [() => manager.getToken({ forceRefresh: "no" }), "forceRefresh"],
      [() => manager.getToken({ minValiditySec: "5" }), "minValiditySec"],
      [() => manager.getToken({ minValiditySec: 5n }), "minValiditySec"],
      [() => manager.getToken({ minValiditySec: Number.NaN }), "minValiditySec"],
      [() => manager.getToken(5), "options"],
      [() => manager.getToken(null), "options"],
      [() => manager.getToken({ force: true }), "force"],
      [() => manager.revoke({ waitUntil: 5 }), "waitUntil"],
      [() => manager.revoke(null), "options"],
      [() => manager.logout({ wait: 5 }), "wait"],
      [() => logins.logout({ waitUntil: 5 }), "waitUntil"],
      [() => logins.beginLogin({ returnTo: Symbol("x") }), "returnTo"],
      [() => logins.beginLogin({ return_to: "/" }), "return_to"],
      [() => logins.beginLogin(null), "options"],
      [() => logins.beginLogin({ authorizationParams: 5 }), "authorizationParams"],
      [() => logins.beginLogin({ authorizationParams: { prompt: 5 } }), "authorizationParams"],
      [() => logins.beginLogin({ authorizationParams: { state: "x" } }), "authorizationParams"],
      [() => logins.beginLogin({ authorizationParams: { prompt: () => {} } }), "authorizationParams.prompt"],
      [() => logins.completeLogin(Symbol("x")), "url"],
    ]) {
      await assert.rejects(
        call(),
        fails("ERR_CONFIG", ({ details }) => assert.equal(details.subject, subject)),
        String(call),
      );
    }
    assert.equal(await manager.getToken({ signal: new AbortController().signal, waitUntil: () => {} }), "t");
    assert.equal(await manager.getToken({ signal: null }), "t");
  });

  test("setToken takes tokens; of what is none nothing vanishes", async () => {
    const manager = await create({ type: "static", token: "t" });
    for (const make of odd) {
      assert.throws(() => manager.setToken(make()), fails("ERR_CONFIG"), String(make));
    }
    assert.throws(() => manager.setToken(Promise.resolve("t")), /await it/);
    assert.throws(() => manager.setToken({ access_token: "u", expires_in: 5n }), /`token\.expires_in` is a bigint/);
    assert.equal(await manager.getToken(), "t");
  });

  test("a clock that gives no time is the configuration's fault, and ends what is under way", async () => {
    for (const time of [5n, Number.NaN, "5", undefined, Number.POSITIVE_INFINITY]) {
      const manager = await create({ type: "static", token: "t" }, { now: () => time });
      await assert.rejects(
        manager.getToken(),
        fails("ERR_CONFIG", ({ details }) => assert.equal(details.subject, "now")),
      );
    }
    let isBroken = false;
    const now = () => (isBroken ? Number.NaN : Date.now());
    const fetch = async () => {
      isBroken = true;
      return answers()();
    };
    const manager = await create(machine, { fetch, now });
    await assert.rejects(manager.getToken(), fails("ERR_CONFIG"));
    isBroken = false;
    assert.equal(await manager.getToken(), "t");
  });
});

test("a login has parameters of its own, in the place of the source's", async () => {
  const source = { ...web, authorizationParams: { prompt: "login", ui_locales: "de" } };
  const manager = await create(source, { fetch: async () => Response.json(metadata) });
  const own = await manager.beginLogin({ authorizationParams: { prompt: "none", login_hint: "a b" } });
  assert.deepEqual(own.searchParams.getAll("prompt"), ["none"]);
  assert.equal(own.searchParams.get("login_hint"), "a b");
  assert.equal(own.searchParams.get("ui_locales"), "de");
  assert.deepEqual((await manager.beginLogin()).searchParams.getAll("prompt"), ["login"]);
});

test("keys that can't be had are told with their server's own words", async () => {
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  for (const [keys, status, retryAfterSec] of [
    [() => new Response("down", { status: 500 }), 500],
    [() => new Response("", { status: 503, headers: { "retry-after": "77" } }), 503, 77],
    [() => new Response("<html>", { headers: { "content-type": "text/html" } }), 200],
    [() => Response.json({ keys: [] }), 200],
  ]) {
    let nonce;
    const fetch = async (url) => {
      if (url.endsWith("/jwks")) return keys();
      if (!url.endsWith("/token")) return Response.json(metadata);
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: web.issuer, aud: "c", sub: "a", nonce, iat: now, exp: now + 60 };
      return answers({ id_token: `${encoded({ alg: "ES256", kid: "k" })}.${encoded(claims)}.${"A".repeat(86)}` })();
    };
    const manager = await create(web, { fetch });
    const begun = (await manager.beginLogin()).searchParams;
    nonce = begun.get("nonce");
    await assert.rejects(
      manager.completeLogin(`${web.redirectUri}?state=${begun.get("state")}&code=k`),
      fails("ERR_REFRESH_UNAVAILABLE", ({ message, details }) => {
        assert.match(message, /keys/);
        assert.equal(details.status, status, message);
        assert.equal(details.url, metadata.jwks_uri);
        if (retryAfterSec) assert.equal(details.retryAfterSec, retryAfterSec);
      }),
    );
  }
});

test("at a login, too, an endpoint's Retry-After is told", async () => {
  const fetch = async (url) =>
    url.endsWith("/token")
      ? new Response("", { status: 429, headers: { "retry-after": "33" } })
      : Response.json(metadata);
  const manager = await create(web, { fetch });
  const begun = (await manager.beginLogin()).searchParams;
  await assert.rejects(
    manager.completeLogin(`${web.redirectUri}?state=${begun.get("state")}&code=k`),
    fails("ERR_REFRESH_UNAVAILABLE", ({ details }) => assert.equal(details.retryAfterSec, 33)),
  );
});

test("a manager that gave up takes what another one stored", async () => {
  let now = 1_800_000_000_000;
  let isBlocked = true;
  const storage = memoryStorage();
  const fetch = async () => (isBlocked ? new Response("firewall", { status: 403 }) : answers({ expires_in: 3600 })());
  const options = { storage, fetch, now: () => now };
  const first = await create(person, options);
  let refused;
  do {
    refused = await first.getToken().catch((error) => error);
    now += 60_000;
  } while (refused.retryable);
  assert.equal(refused.code, "ERR_REFRESH_REJECTED");
  isBlocked = false;
  assert.equal(await (await create(person, options)).getToken(), "t");
  now += 60_000;
  assert.equal(await first.getToken(), "t");
});
