// The options of a call, and records of the user's own names: what would be left out in silence is an error that names it. Most
// of all requirements: one that vanishes lets in whom it should keep out.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AllowAnyBearerVerifier,
  ArcClient,
  ArcgateError,
  authenticateRequest,
  DenyAllVerifier,
  errorResponse,
  FirstOf,
  JwtVerifier,
  SchemeRouter,
  StaticBearerVerifier,
  verifyJws,
} from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const provider = { issuer, audience, jwks: { keys: [signer.jwk] } };
const create = (more = {}, options = {}) =>
  JwtVerifier.create({ providers: { p: { ...provider, ...more } }, now: clock, ...options });
const verifier = await create();
const token = await signer.sign();

const config = (name) => (error) => {
  assert.ok(error instanceof ArcgateError, String(error?.stack));
  assert.equal(error.code, "ERR_CONFIG", error.message);
  assert.ok(error.message.includes(`\`${name}\``), `${error.message}: not about ${name}`);
  assert.equal(error.details.subject, name);
  return true;
};

class Options {
  constructor(members) {
    Object.assign(this, members);
  }
}
const inherited = (name, value) => Object.create({ [name]: value });
const hidden = (name, value) => Object.defineProperty({}, name, { value });
const getter = (name, value) => {
  class Given {}
  Object.defineProperty(Given.prototype, name, { get: () => value });
  return new Given();
};
const ways = { inherited, hidden, getter };

// [options, the name in the error]
const wrong = [
  [{ scope: ["admin"] }, "scope"],
  [{ requiredScopes: ["admin"] }, "requiredScopes"],
  [{ Scopes: ["admin"] }, "Scopes"],
  [{ scope: undefined }, "scope"],
  [["admin"], "options"],
  ["admin", "options"],
  [null, "options"],
  [() => ["admin"], "options"],
  [new Map([["scopes", ["admin"]]]), "options"],
  [new Set(["admin"]), "options"],
  [Promise.resolve({ scopes: ["admin"] }), "options"],
  [{ scopes: "admin" }, "scopes"],
  [{ scopes: undefined }, "scopes"],
  [{ scopes: null }, "scopes"],
  [{ scopes: new Set(["admin"]) }, "scopes"],
  [{ scopes: [["admin"]] }, "scopes"],
  [{ scopes: [""] }, "scopes"],
  [{ scopes: ["read", ""] }, "scopes"],
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
  [{ scopes: [, "admin"] }, "scopes"],
  [{ scopes: { length: 0 } }, "scopes"],
  ...Object.values(ways).map((way) => [way("scope", ["admin"]), "scope"]),
  ...Object.values(ways).map((way) => [way("scopes", undefined), "scopes"]),
];

const request = () => new Request("https://w.example/", { headers: { authorization: `Bearer ${token}` } });

test("a requirement of one call never vanishes", async () => {
  for (const [options, name] of wrong) {
    await assert.rejects(verifier.verify(token, options), config(name), name);
    await assert.rejects(authenticateRequest(request(), verifier, options), config(name), name);
  }
  for (const way of [...Object.values(ways), (name, value) => new Options({ [name]: value })]) {
    const lacks = (error) => error.code === "ERR_TOKEN_SCOPE";
    await assert.rejects(verifier.verify(token, way("scopes", ["admin"])), lacks);
    await assert.rejects(authenticateRequest(request(), verifier, way("scopes", ["admin"])), lacks);
  }
  // No character of a scope stands between two.
  const able = await signer.sign({ scope: "a b" });
  for (const scopes of [["a\nb"], ["\n"], ["a", "\n"], ["a b"], ["a\0b"]]) {
    await assert.rejects(verifier.verify(able, { scopes }), { code: "ERR_TOKEN_SCOPE" }, JSON.stringify(scopes));
    await assert.rejects(
      authenticateRequest(
        new Request("https://w.example/", { headers: { authorization: `Bearer ${able}` } }),
        verifier,
        { scopes },
      ),
      { code: "ERR_TOKEN_SCOPE" },
    );
  }
  const role = await signer.sign({ scp: ["a\nb", "Power User"] });
  await verifier.verify(role, { scopes: ["Power User", "a\nb"] });
  for (const options of [undefined, {}, { scopes: [] }, Object.create(null)]) {
    await verifier.verify(token, options);
    await authenticateRequest(request(), verifier, options);
  }
});

test("the scopes that are asked for are those of the call, whatever becomes of the list", async () => {
  const scopes = ["admin"];
  const verified = verifier.verify(token, { scopes });
  scopes.length = 0;
  await assert.rejects(verified, { code: "ERR_TOKEN_SCOPE" });
  const asked = ["admin"];
  const answer = authenticateRequest(request(), verifier, { scopes: asked });
  asked.length = 0;
  await assert.rejects(answer, { code: "ERR_TOKEN_SCOPE" });
});

test("signal and waitUntil are what they should be", async () => {
  for (const signal of [5, null, "x", {}]) await assert.rejects(verifier.verify(token, { signal }), config("signal"));
  for (const waitUntil of [5, null, {}])
    await assert.rejects(verifier.verify(token, { waitUntil }), config("waitUntil"));
  await verifier.verify(token, { signal: undefined, waitUntil: undefined });
});

test("a provider's requirements never vanish", async () => {
  for (const name of ["requiredScopes", "requiredClaims"]) {
    await assert.rejects(create({ [name]: undefined }), config(`providers.p.${name}`));
    if (name === "requiredScopes") await assert.rejects(create({ [name]: ["a", ""] }), config(`providers.p.${name}`));
    for (const way of Object.values(ways)) {
      const options = way(name, ["admin"]);
      Object.assign(options, provider);
      const strict = await JwtVerifier.create({ providers: { p: options }, now: clock });
      await assert.rejects(strict.verify(token), {
        code: name === "requiredScopes" ? "ERR_TOKEN_SCOPE" : "ERR_TOKEN_CLAIM",
      });
    }
  }
  for (const way of Object.values(ways)) {
    const strict = await create({ requiredClaims: way("tid", "t1") });
    await assert.rejects(strict.verify(token), { code: "ERR_TOKEN_CLAIM" });
  }
  const isRevoked = { isRevoked: () => true };
  for (const make of [() => Object.create(isRevoked), () => hidden("isRevoked", isRevoked.isRevoked)]) {
    const options = Object.assign(make(), { providers: { p: provider }, now: clock });
    await assert.rejects((await JwtVerifier.create(options)).verify(token), { code: "ERR_TOKEN_REVOKED" });
  }
});

test("options may be objects of a class, whose methods are its own", async () => {
  class Settings {
    providers = { p: provider };
    get now() {
      return clock;
    }
    reload() {}
  }
  await (await JwtVerifier.create(new Settings())).verify(token);
  class Policy {
    canObserve() {
      return this.isMine();
    }
    canCancel() {
      return this.isMine();
    }
    isMine() {}
  }
  const own = await StaticBearerVerifier.create({ t: "u" });
  createWorker({ verifier: own, agents: { a: () => 1 }, policy: new Policy() });
  class Strict {
    requiredScopes() {}
  }
  const providers = { p: Object.assign(new Strict(), provider) };
  await assert.rejects(JwtVerifier.create({ providers }), config("providers.p.requiredScopes"));
});

test("records of names are plain", async () => {
  const own = await StaticBearerVerifier.create({ t: "u" });
  const says = { authenticate: async () => ({ id: "u" }) };
  const worker = (more) => createWorker({ verifier: own, agents: { a: () => 1 }, audit: () => {}, ...more });
  const makers = {
    agents: (agents) => worker({ agents }),
    arc: (arc) => worker({ arc }),
    arcp: (arcp) => worker({ arcp }),
    limits: (limits) => worker({ limits }),
    tokens: (tokens) => StaticBearerVerifier.create(tokens),
    routes: (routes) => SchemeRouter.create(routes),
    providers: (providers) => JwtVerifier.create({ providers }),
  };
  for (const [name, make] of Object.entries(makers)) {
    for (const value of [new Map(), new Map([["a", 1]]), new Set(), [], Promise.resolve({}), new Headers(), "x", 7])
      await assert.rejects(
        async () => make(value),
        (error) => error.code === "ERR_CONFIG" && error.details.subject === name,
        name,
      );
  }
  const client = (limits) =>
    ArcClient.create({ endpoint: "https://a.example/", requestAgent: "me", token: "t", limits });
  for (const limits of [new Map(), []]) await assert.rejects(client(limits), config("limits"));
  for (const way of Object.values(ways)) {
    await assert.rejects(async () => makers.agents(way("a", () => 1)), config("agents.a"));
    await assert.rejects(makers.routes(way("bearer", says)), config("routes.bearer"));
    await assert.rejects(makers.providers(way("p", provider)), config("providers.p"));
    // A token is a secret.
    await assert.rejects(
      makers.tokens(way("SECRET", "u")),
      (error) => config("tokens")(error) && !/SECRET/.test(error.message),
    );
  }
});

test("what is no request, no credentials and no verifier is ERR_CONFIG, not a raw error", async () => {
  for (const odd of [undefined, null, {}, "https://w.example/", { headers: {} }])
    await assert.rejects(authenticateRequest(odd, verifier), config("request"));
  for (const odd of [undefined, null, {}, { authenticate: 1 }])
    await assert.rejects(authenticateRequest(request(), odd), config("verifier"));
  const all = [
    verifier,
    await StaticBearerVerifier.create({ t: "u" }),
    await AllowAnyBearerVerifier.create(),
    await SchemeRouter.create({ bearer: verifier }),
    await FirstOf.create([verifier]),
  ];
  for (const one of all) {
    for (const odd of [undefined, null, {}, "bearer", { scheme: 7 }])
      await assert.rejects(one.authenticate(odd), config("credentials"));
  }
  assert.equal(await (await DenyAllVerifier.create()).authenticate(), null);
  for (const odd of [undefined, null, 7, new Error("x"), { code: "ERR_TOKEN_EXPIRED" }])
    assert.equal(errorResponse(odd).status, 500);
  for (const retryAfterSec of [Number.NaN, -5, Number.POSITIVE_INFINITY, 1e300, "7", {}]) {
    const answer = errorResponse(
      new ArcgateError("ERR_JWKS_UNAVAILABLE", "x", { retryable: true, details: { retryAfterSec } }),
    );
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get("retry-after") ?? "1", /^\d+$/);
  }
  for (const options of [[], new Map(), { algorithms: ["ES256"], key: 1 }, inherited("x", 1)])
    await assert.rejects(verifyJws(token, signer.jwk, options), { code: "ERR_CONFIG" });
});

test("half a character and depth name the option", async () => {
  let deep = "x";
  for (let depth = 0; depth < 40; depth += 1) deep = [deep];
  await assert.rejects(create({ labelClaims: { a: "x\ud83d" } }), config("providers.p.labelClaims.a"));
  await assert.rejects(create({ requiredClaims: { a: deep } }), (error) => {
    assert.match(error.message, /^`providers\.p\.requiredClaims\.a\[0\].*too deeply/);
    return error.code === "ERR_CONFIG";
  });
});

test("a listener that fails, at once or later, harms nobody and is told once", async () => {
  const said = [];
  const { error } = console;
  console.error = (text) => said.push(text);
  try {
    for (const onEvent of [
      async () => Promise.reject(new TypeError("SECRET")),
      () => {
        throw new TypeError("SECRET");
      },
      // biome-ignore lint/suspicious/noThenProperty: what is thenable is awaited by nobody
      () => ({ then: (_, failed) => failed("x") }),
    ]) {
      await (await create({}, { onEvent })).verify(token);
      await assert.rejects((await create({}, { onEvent })).verify("a.b.c"), { code: "ERR_TOKEN_MALFORMED" });
    }
    // A rejection that nobody handles ends the process after this.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    console.error = error;
  }
  assert.deepEqual(said, ["arcgate: onEvent failed: TypeError (told once)"]);
});
