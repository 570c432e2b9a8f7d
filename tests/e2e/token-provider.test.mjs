// TokenManager against the real provider: each source, revocation, and short-lived tokens for a minute.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { memoryStorage } from "../lib/token-manager.mjs";
import {
  claimsOf,
  create,
  fails,
  idp,
  keys,
  machineSource,
  personSource,
  SCOPE,
  spying,
} from "../lib/token-provider.mjs";

describe("each source gives a token that the verifier accepts, found by either metadata document", () => {
  const sources = {
    client_secret_basic: () => machineSource("basic", { resource: idp.resources[0] }),
    client_secret_post: () => machineSource("post"),
    private_key_jwt: () =>
      machineSource("keyed", { clientSecret: undefined, privateKey: keys.privateKey, keyId: "client-key" }),
    "refresh_token, public": () => personSource("person"),
    "refresh_token, with a secret": () =>
      personSource("confidential", { clientSecret: "person-secret", clientAuth: "client_secret_post" }),
    callback: () => ({ issuer: undefined, type: "callback", fetchToken: () => idp.token({ scope: SCOPE }) }),
    static: async () => ({ issuer: undefined, type: "static", token: await idp.token({ scope: SCOPE }) }),
  };
  let verifier;
  before(async () => {
    verifier = await JwtVerifier.create({ providers: { local: { issuer: idp.issuer, audience: idp.resources[0] } } });
  });
  after(() => idp.setOpenidHidden(false));

  for (const [name, source] of Object.entries(sources)) {
    for (const document of ["OpenID discovery", "RFC 8414"]) {
      test(`${name}, ${document}`, async () => {
        idp.setOpenidHidden(document === "RFC 8414");
        const manager = await create(await source());
        const token = await manager.getToken();
        const { scopes } = await verifier.verify(token);
        assert.deepEqual(scopes, [SCOPE]);
        assert.ok(Math.abs(manager.expiresAt - claimsOf(token).exp) <= 2, `${manager.expiresAt}`);
        // And a second one, where there can be.
        if (name === "static") return;
        manager.invalidate(token);
        const next = await manager.getToken();
        assert.notEqual(next, token);
        await verifier.verify(next);
      });
    }
  }
});

describe("revoke", () => {
  test("a person's grant: the provider says that neither token is active any more", async () => {
    const events = [];
    const storage = memoryStorage();
    const manager = await create(await personSource("person-opaque"), {
      storage,
      onEvent: ({ type }) => events.push(type),
    });
    const token = await manager.getToken();
    const { refreshToken } = storage.tokens;
    for (const one of [token, refreshToken]) assert.equal((await idp.introspect(one)).active, true);
    await manager.revoke();
    for (const one of [token, refreshToken]) assert.equal((await idp.introspect(one)).active, false);
    assert.deepEqual([events.at(-1), manager.state, storage.tokens], ["revoked", "empty", undefined]);
  });

  test("a machine's opaque token: revoked, and the next one is a new one", async () => {
    const manager = await create(machineSource("machine-opaque"));
    const token = await manager.getToken();
    await manager.revoke();
    assert.equal((await idp.introspect(token)).active, false);
    const next = await manager.getToken();
    assert.notEqual(next, token);
    assert.equal((await idp.introspect(next)).active, true);
  });

  test("a JWT, which this provider does not revoke: it is forgotten, and the caller is told", async () => {
    const manager = await create(machineSource("post"));
    await manager.getToken();
    await assert.rejects(manager.revoke(), fails("ERR_REFRESH_REJECTED", "unsupported_token_type"));
    assert.equal(manager.state, "empty");
  });
});

test("a minute of 10 s tokens at 20 calls a second: never an expired one, and a request for each 7 to 8 s", async () => {
  const spy = spying();
  const counted = { machine: 0, person: 0 };
  const types = new Set();
  const counting = (name) => ({
    fetch: spy,
    onEvent: ({ type }) => {
      types.add(type);
      if (type === "refreshed") counted[name] += 1;
    },
  });
  const source = await personSource("person-10");
  const before = idp.tokens.count;
  const pair = [
    await create(machineSource("machine-10"), counting("machine")),
    await create(source, counting("person")),
  ];
  let calls = 0;
  const call = async (manager) => {
    const { exp } = claimsOf(await manager.getToken());
    calls += 1;
    assert.ok(exp * 1000 > Date.now(), "an expired token was handed out");
  };
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    await Promise.all([...pair.map(call), new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  // What is under way at the end is counted when it has come.
  while (pair.some(({ state }) => state === "refreshing")) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(!types.has("failed"), [...types].join());
  // The lead is 2 s, and up to 1 s of jitter: 60 s are 7.5 to 8.6 tokens, and the first. Fewer on a machine that is busy.
  for (const [name, count] of Object.entries(counted)) {
    assert.ok(count >= 6 && count <= 10, `${name}: ${count} requests for ${calls} calls`);
  }
  assert.equal(idp.tokens.count - before, counted.machine + counted.person);
  assert.equal(new Set(spy.sent).size, counted.person);
});
