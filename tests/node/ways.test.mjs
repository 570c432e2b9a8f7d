// How the package asks its own verifiers on a request's way, and that anybody's own `authenticate` goes before that.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  authenticateRequest,
  errorResponse,
  FirstOf,
  JwtVerifier,
  SchemeRouter,
  StaticBearerVerifier,
} from "../../pkg/entry.node.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const create = (options = {}, provider = {}) =>
  JwtVerifier.create({
    providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] }, ...provider } },
    now: clock,
    ...options,
  });
const request = (token, { url = "https://w.example/", scheme = "Bearer" } = {}) =>
  new Request(url, { headers: { authorization: `${scheme} ${token}` } });
const token = await signer.sign({ scope: "read write", sub: "alice" });
const original = JwtVerifier.prototype.authenticate;

afterEach(() => {
  JwtVerifier.prototype.authenticate = original;
});

test("a request's principal is the same on both ways, new and seen before", async () => {
  const labelClaims = { tenant: "tenant", team: "/deep/team" };
  for (const claims of [
    { sub: "alice", scope: "read write" },
    { sub: "zoë|ü", scope: "lesen größer", tenant: "t" },
    { sub: "no scopes" },
    { sub: "roles", scope: "a", roles: ["r 1", "line\nfeed"], deep: { team: "x" }, tenant: true },
  ]) {
    const verifier = await create({}, { labelClaims, scopeClaims: ["scope", "roles"] });
    const one = await signer.sign(claims);
    // What is not asked by its way is asked as a user's verifier is.
    const usual = await authenticateRequest(request(one), {
      authenticate: (...args) => verifier.authenticate(...args),
    });
    for (let turn = 0; turn < 3; turn += 1) {
      const principal = await authenticateRequest(request(one), verifier);
      assert.deepEqual(principal, usual);
      assert.deepEqual(Object.keys(principal), Object.keys(usual));
      for (const part of [principal, principal.labels, principal.scopes]) assert.ok(Object.isFrozen(part));
      const { principal: own } = await verifier.verify(one);
      assert.deepEqual(own, usual);
      for (const part of [own, own.labels, own.scopes]) assert.ok(!Object.isFrozen(part));
    }
  }
});

test("each request has a principal of its own, and each call claims of its own", async () => {
  const verifier = await create();
  const list = await signer.sign({ aud: [audience], deep: { a: 1 }, ["__proto__"]: "x" });
  for (const each of [token, list]) {
    const principals = new Set();
    for (let turn = 0; turn < 4; turn += 1) {
      principals.add(await authenticateRequest(request(each), verifier));
      const verified = await verifier.verify(each);
      assert.equal(verified.claims.iss, issuer);
      assert.equal(verified.header.alg, signer.jwk.alg);
      if (each === list) assert.deepEqual([verified.claims.aud, verified.claims.deep], [[audience], { a: 1 }]);
      assert.equal(Object.getPrototypeOf(verified.claims), Object.prototype);
      // None of this is there the next time.
      verified.claims.iss = "changed";
      verified.header.alg = "none";
      verified.principal.labels.admin = "yes";
      verified.principal.scopes.push("admin");
      verified.scopes.push("admin");
      if (each === list) {
        verified.claims.aud.push("changed");
        verified.claims.deep.a = 2;
      }
      assert.ok(!(await authenticateRequest(request(each), verifier)).scopes.includes("admin"));
    }
    assert.equal(principals.size, 4);
  }
});

test("a request's scopes are asked of each, and what is missing is told as on the long way", async () => {
  const verifier = await create();
  const long = { authenticate: (...args) => verifier.authenticate(...args) };
  const events = [];
  const heard = await create({ onEvent: (event) => events.push(event.type) });
  const answers = async (asked, scopes) => {
    try {
      return [200, (await authenticateRequest(request(token), asked, { scopes })).key];
    } catch (error) {
      const response = errorResponse(error);
      return [response.status, error.code, error.message, response.headers.get("www-authenticate")];
    }
  };
  const wanted = [
    ["read"],
    ["read", "write"],
    ["write", "read"],
    ["admin"],
    ["read", "admin"],
    ["read write"],
    [""],
    [],
  ];
  // The core is told what is asked for when that changes: every order of two must do.
  for (const one of wanted) {
    for (const other of [...wanted, ["read\nwrite"]]) {
      for (const scopes of [one, other, other])
        assert.deepEqual(await answers(verifier, scopes), await answers(long, scopes));
    }
  }
  assert.equal((await answers(heard, ["admin"]))[0], 403);
  assert.deepEqual(events, ["token.accepted"], "the token is good");
});

test("a required scope that is no text is an error on both ways, and lets nobody in", async () => {
  const verifier = await create();
  for (const asked of [verifier, { authenticate: async () => ({ id: "a" }) }]) {
    await assert.rejects(authenticateRequest(request(token), asked, { scopes: ["\ud800"] }), { code: "ERR_CONFIG" });
    await assert.rejects(authenticateRequest(request(token), asked, { scopes: ["admin"] }), {
      code: "ERR_TOKEN_SCOPE",
    });
  }
});

test("an `authenticate` of one's own is asked: of a class, on the object, in the prototype", async () => {
  const verifier = await create();
  assert.equal((await authenticateRequest(request(token), verifier)).kind, "jwt");
  const nobody = async () => null;
  class Strict extends JwtVerifier {
    authenticate() {
      return nobody();
    }
  }
  const strict = Object.setPrototypeOf(await create(), Strict.prototype);
  const own = Object.assign(await create(), { authenticate: nobody });
  for (const asked of [strict, own, await FirstOf.create([own]), await SchemeRouter.create({ bearer: own })])
    await assert.rejects(authenticateRequest(request(token), asked), { code: "ERR_UNAUTHENTICATED" });
  JwtVerifier.prototype.authenticate = nobody;
  for (const asked of [verifier, await FirstOf.create([verifier])])
    await assert.rejects(authenticateRequest(request(token), asked), { code: "ERR_UNAUTHENTICATED" });
  JwtVerifier.prototype.authenticate = original;
  // Who has it without being one is told so, whatever the credentials are.
  for (const borrowed of [{ authenticate: original }, new Proxy(verifier, {}), Object.create(verifier)]) {
    for (const scheme of ["Bearer", "Basic"]) {
      const error = await authenticateRequest(request(token, { scheme }), borrowed).catch((thrown) => thrown);
      assert.equal(error.code, "ERR_CONFIG");
      assert.match(error.message, /hand over what `create` gave/);
      assert.equal(errorResponse(error).status, 500);
    }
  }
});

test("whatever the field and the query are, both ways say the same", async () => {
  const verifier = await create();
  const long = { authenticate: (...args) => verifier.authenticate(...args) };
  const said = async (asked, field, query) => {
    const headers = { get: (name) => (name === "authorization" ? field : null) };
    try {
      return (await authenticateRequest({ headers, url: `https://w.example/x${query}` }, asked)).key;
    } catch ({ code, message }) {
      return `${code} ${message}`;
    }
  };
  const fields = [
    null,
    "",
    "Bearer",
    "Bearer ",
    `Bearer  ${token}`,
    `bearer ${token}`,
    `BEARER ${token}`,
    `Bearer ${token} `,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token}=`,
    `Bearer é${token}`,
    `é ${token}`,
    `Basic ${token}`,
    token,
    `Bearer ${"a".repeat(16_384)}`,
    `Bearer ${"a".repeat(16_385)}`,
    `Bearer ${"a".repeat(40_000)}`,
    `Bearer ${token}\ud800`,
  ];
  const queries = [
    "",
    "?",
    "?a=1",
    "?a=é",
    `?${"a".repeat(2000)}`,
    `?${"a".repeat(40_000)}`,
    "?access_token=x",
    "?%41ccess_Token",
  ];
  for (const field of fields)
    for (const query of queries)
      assert.equal(
        await said(verifier, field, query),
        await said(long, field, query),
        `${field?.slice(0, 40)} ${query.slice(0, 40)}`,
      );
});

test("many requests at a time, each with a token of its own, have their own principals", async () => {
  const verifier = await create({ tokenCache: { maxEntries: 20 } });
  const names = Array.from({ length: 120 }, (_, index) => `user ${index}`);
  const tokens = await Promise.all(names.map((sub) => signer.sign({ sub, scope: `s-${sub.slice(5)}` })));
  for (let turn = 0; turn < 3; turn += 1) {
    // Some are seen, most have fallen out of the cache.
    const both = await Promise.all(
      tokens.flatMap((each, index) => [
        authenticateRequest(request(each), verifier, { scopes: [`s-${index}`] }),
        verifier.verify(each).then(({ claims, principal }) => ({ ...principal, sub: claims.sub })),
      ]),
    );
    for (const [index, name] of names.entries()) {
      assert.equal(both[2 * index].id, name);
      assert.deepEqual([both[2 * index + 1].id, both[2 * index + 1].sub], [name, name]);
    }
  }
});

test("a clock that calls back into the verifier changes nobody's principal or scopes", async () => {
  let inner;
  const now = () => {
    if (inner) {
      const call = inner;
      inner = undefined;
      call();
    }
    return clock();
  };
  const verifier = await create({ now });
  const bob = await signer.sign({ sub: "bob", scope: "none" });
  const answers = [];
  for (let turn = 0; turn < 3; turn += 1) {
    inner = () => answers.push(authenticateRequest(request(bob), verifier, { scopes: ["none"] }));
    assert.equal((await authenticateRequest(request(token), verifier, { scopes: ["read"] })).id, "alice");
    inner = () => answers.push(authenticateRequest(request(bob), verifier));
    await assert.rejects(authenticateRequest(request(token), verifier, { scopes: ["admin"] }), {
      code: "ERR_TOKEN_SCOPE",
    });
  }
  for (const answer of answers) assert.equal((await answer).id, "bob");
});

test("verifiers of verifiers ask each in its way", async () => {
  const robots = await StaticBearerVerifier.create({ robot: { id: "r", scopes: ["read"], labels: { a: "b" } } });
  const custom = { authenticate: async ({ token: said }) => (said === "mine" ? { id: "me" } : false) };
  const first = await FirstOf.create([robots, custom, await create()]);
  for (const asked of [first, await SchemeRouter.create({ bearer: first })]) {
    const keys = [];
    for (const said of ["robot", "mine", token]) keys.push((await authenticateRequest(request(said), asked)).key);
    assert.deepEqual(keys, ["static||r", "custom||me", `jwt|${issuer}|alice`]);
    const [one, other] = [
      await authenticateRequest(request("robot"), asked),
      await authenticateRequest(request("robot"), asked),
    ];
    assert.deepEqual(one, other);
    assert.ok(one !== other && Object.isFrozen(one) && Object.isFrozen(one.labels));
    await assert.rejects(authenticateRequest(request("robot"), asked, { scopes: ["write"] }), {
      code: "ERR_TOKEN_SCOPE",
    });
    await assert.rejects(authenticateRequest(request("x.y.z"), asked), (error) => error.code.startsWith("ERR_TOKEN_"));
  }
});
