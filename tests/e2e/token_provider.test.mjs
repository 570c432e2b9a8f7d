// TokenManager against the real provider: each source, rotation with reuse detection, revocation, and short-lived tokens for a
// minute. The provider kills a whole grant when a refresh token comes a second time.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ArcgateError, JwtVerifier, TokenManager } from "../../pkg/entry.node.js";
import { startIdp } from "../idp/idp.mjs";
import { logIn } from "../lib/login.mjs";

const REDIRECT = "http://127.0.0.1:1/callback";
const SCOPE = "arc.agent.caller";
const machine = {
  client_secret: "machine-secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: "client_secret_post",
};
const person = {
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [REDIRECT],
};
const clients = {
  basic: { ...machine, token_endpoint_auth_method: "client_secret_basic" },
  post: machine,
  keyed: { ...machine, client_secret: undefined, token_endpoint_auth_method: "private_key_jwt" },
  "machine-opaque": { ...machine, format: "opaque" },
  "machine-10": { ...machine, ttl: 10 },
  person,
  confidential: { ...person, client_secret: "person-secret", token_endpoint_auth_method: "client_secret_post" },
  "person-4": { ...person, ttl: 4 },
  "person-10": { ...person, ttl: 10 },
  "person-opaque": { ...person, format: "opaque" },
};

let idp;
let keys;
const managers = [];

before(async () => {
  keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "client-key", use: "sig" };
  clients.keyed.jwks = { keys: [jwk] };
  idp = await startIdp({ clients: Object.entries(clients).map(([client_id, client]) => ({ client_id, ...client })) });
});
after(async () => {
  for (const manager of managers) manager.close();
  await idp?.close();
});

const create = async (source, options) => {
  const manager = await TokenManager.create({ issuer: idp.issuer, ...source }, options);
  managers.push(manager);
  return manager;
};
const logInAs = (clientId) =>
  logIn(idp, {
    client: { client_id: clientId, ...clients[clientId] },
    redirectUri: REDIRECT,
    scope: `openid offline_access ${SCOPE}`,
  });
const machineSource = (clientId, more) => ({
  type: "client_credentials",
  clientId,
  clientSecret: "machine-secret",
  clientAuth: clients[clientId].token_endpoint_auth_method,
  scope: SCOPE,
  ...more,
});
const personSource = async (clientId, more) => ({
  type: "refresh_token",
  clientId,
  refreshToken: (await logInAs(clientId)).refresh_token,
  ...more,
});

/** The platform's fetch; the refresh tokens that are sent through it are kept. */
function spying() {
  const spy = (url, init) => {
    const refreshToken = new URLSearchParams(init?.body).get("refresh_token");
    if (refreshToken) spy.sent.push(refreshToken);
    return fetch(url, init);
  };
  spy.sent = [];
  return spy;
}
/** A storage that shows what is in it. */
function shelf() {
  const storage = {
    tokens: undefined,
    get: async () => storage.tokens,
    put: async (tokens) => {
      storage.tokens = structuredClone(tokens);
    },
    delete: async () => {
      storage.tokens = undefined;
    },
  };
  return storage;
}
const fails =
  (code, subject, cause = subject) =>
  (error) => {
    assert.ok(error instanceof ArcgateError, String(error));
    assert.deepEqual([error.code, error.details.subject], [code, subject], `${error.message} (${cause})`);
    return true;
  };
const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

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

describe("rotation with reuse detection", () => {
  test("50 callers over 5 refreshes: no refresh token is sent twice, and the grant lives", async () => {
    const spy = spying();
    const storage = shelf();
    let refreshed = 0;
    let enough;
    const over = new Promise((resolve) => {
      enough = resolve;
    });
    const types = new Set();
    const onEvent = ({ type }) => {
      types.add(type);
      if (type === "refreshed") refreshed += 1;
      if (refreshed === 6) enough();
    };
    const source = await personSource("person-4");
    const before = idp.tokens.count;
    const manager = await create(source, { fetch: spy, storage, onEvent });
    let isOver = false;
    over.then(() => {
      isOver = true;
    });
    const caller = async () => {
      while (!isOver) {
        const { exp } = claimsOf(await manager.getToken());
        assert.ok(exp * 1000 > Date.now(), "an expired token was handed out");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await Promise.all(Array.from({ length: 50 }, caller));
    assert.equal(refreshed, 6);
    assert.ok(!types.has("failed"), [...types].join());
    assert.equal(idp.tokens.count - before, 6);
    assert.equal(new Set(spy.sent).size, 6);
    assert.equal((await idp.introspect(storage.tokens.refreshToken)).active, true);
    assert.equal((await idp.introspect(source.refreshToken)).active, false);
    manager.close();
  });

  test("a lost answer: callers are told to wait, and the second attempt is a reuse to this provider: log in again", async () => {
    const events = [];
    const source = await personSource("person");
    const manager = await create(source, { onEvent: (event) => events.push(event) });
    const token = await manager.getToken();
    idp.tokens.loseAnswers(1);
    manager.invalidate(token);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    const [failed] = events.filter(({ type }) => type === "failed");
    assert.equal(failed.final, false);
    // Whoever asks before that instant is told to wait; no request is sent.
    const before = idp.tokens.count;
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    assert.equal(idp.tokens.count, before);
    await new Promise((resolve) => setTimeout(resolve, failed.retryAt * 1000 - Date.now() + 5));
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_REJECTED", "invalid_grant"));
    assert.equal(events.at(-1).final, true);
    assert.equal(idp.tokens.count, before + 1);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_REJECTED", "invalid_grant"));
    assert.equal(idp.tokens.count, before + 1);
    // A new login ends that.
    manager.setToken(await logInAs("person"));
    assert.match(await manager.getToken(), /^eyJ/);
    assert.notEqual(await manager.getToken(), token);
  });

  test("a machine's lost answer costs one more request", async () => {
    const events = [];
    const manager = await create(machineSource("post"), { onEvent: (event) => events.push(event) });
    idp.tokens.loseAnswers(1);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    const { retryAt } = events.at(-1);
    await new Promise((resolve) => setTimeout(resolve, retryAt * 1000 - Date.now() + 5));
    assert.match(await manager.getToken(), /^eyJ/);
  });

  test("somebody else uses an old refresh token: the next refresh is final, and says invalid_grant", async () => {
    const events = [];
    const source = await personSource("person");
    const storage = shelf();
    const manager = await create(source, { storage, onEvent: (event) => events.push(event) });
    const token = await manager.getToken();
    // The thief.
    const body = { grant_type: "refresh_token", client_id: "person", refresh_token: source.refreshToken };
    const theft = await fetch(idp.tokenEndpoint, { method: "POST", body: new URLSearchParams(body) });
    assert.equal((await theft.json()).error, "invalid_grant");
    // What is valid is handed out still; nobody knows of the theft yet.
    assert.equal(await manager.getToken(), token);
    manager.invalidate(token);
    const before = idp.tokens.count;
    const refused = await Promise.allSettled(Array.from({ length: 50 }, () => manager.getToken()));
    for (const { reason } of refused) fails("ERR_REFRESH_REJECTED", "invalid_grant")(reason);
    assert.equal(idp.tokens.count, before + 1);
    const [failed] = events.filter(({ type }) => type === "failed");
    assert.deepEqual([failed.final, failed.retryAt], [true, undefined]);
    assert.equal(storage.tokens, undefined, "what is worth nothing is not kept");
    assert.equal(manager.state, "failed");
  });
});

describe("revoke", () => {
  test("a person's grant: the provider says that neither token is active any more", async () => {
    const events = [];
    const storage = shelf();
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
