// authenticateRequest, errorResponse, and the verifiers besides JWTs.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AllowAnyBearerVerifier,
  ArcgateError,
  authenticateRequest,
  DenyAllVerifier,
  DevModeBearerVerifier,
  errorResponse,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "../../pkg/entry.node.js";

const request = (authorization, url = "https://gate.example/x") =>
  new Request(url, { headers: authorization === undefined ? {} : { authorization } });

const config = (pattern) => (error) => {
  assert.ok(error instanceof ArcgateError, String(error));
  assert.equal(error.code, "ERR_CONFIG");
  assert.match(error.message, pattern);
  return true;
};

/** The response to a request that must be refused. */
async function refused(...args) {
  try {
    await authenticateRequest(...args);
  } catch (error) {
    return errorResponse(error);
  }
  return assert.fail("let in");
}

const says = (result) => ({
  async authenticate(credentials, context) {
    if (result instanceof Error) throw result;
    return typeof result === "function" ? result(credentials, context) : result;
  },
});

const outage = () =>
  new ArcgateError("ERR_JWKS_UNAVAILABLE", "down", { retryable: true, details: { retryAfterSec: 9 } });

test("a principal has one form, whatever verifier it comes from", async () => {
  const principal = await authenticateRequest(
    request("bearer abc"),
    says({ id: "a", labels: { t: "x" }, key: "forged" }),
  );
  assert.deepEqual(principal, { key: "custom||a", kind: "custom", id: "a", labels: { t: "x" } });
  assert.ok(Object.isFrozen(principal) && Object.isFrozen(principal.labels));
  let seen;
  await authenticateRequest(
    request("BEARER abc"),
    says((credentials, context) => {
      seen = { credentials, context };
      return { id: "a" };
    }),
  );
  assert.deepEqual(seen.credentials, { scheme: "bearer", token: "abc" });
  assert.equal(seen.context.transport, "http");
  assert.equal(seen.context.url, "https://gate.example/x");
});

test("refusals become the right answers", async () => {
  const bearer = (rest = "") => `Bearer realm="arcgate"${rest}`;
  for (const [what, response, status, challenge] of [
    ["no credentials", refused(request(), says({ id: "a" })), 401, bearer()],
    ["another scheme", refused(request("Basic eDp5"), says(null)), 401, bearer()],
    ["another scheme, and scopes", refused(request("Basic eDp5"), says(null), { scopes: ["x"] }), 401, bearer()],
    ["two spaces", refused(request("Bearer  a"), says({ id: "a" })), 400, bearer(', error="invalid_request"')],
    [
      "in the URL",
      refused(request("Bearer a", "https://x/?access_token=a"), says({ id: "a" })),
      400,
      bearer(', error="invalid_request"'),
    ],
    ["null", refused(request("Bearer a"), says(null)), 401, bearer(', error="invalid_token"')],
    ["undefined", refused(request("Bearer a"), says(undefined)), 401, bearer(', error="invalid_token"')],
    ["false", refused(request("Bearer a"), says(false)), 401, bearer(', error="invalid_token"')],
    [
      "expired",
      refused(request("Bearer a"), says({ id: "a", expiresAt: 1 })),
      401,
      bearer(', error="invalid_token", error_description="the access token expired"'),
    ],
    ["an outage", refused(request("Bearer a"), says(outage())), 503, null],
    ["a bug", refused(request("Bearer a"), says(new TypeError("secret"))), 500, null],
    ["no principal", refused(request("Bearer a"), says({ name: "a" })), 500, null],
    ["a string", refused(request("Bearer a"), says("alice")), 500, null],
    [
      "no scopes",
      refused(request("Bearer a"), says({ id: "a" }), { scopes: ["x", "y"] }),
      403,
      bearer(', error="insufficient_scope", scope="x y"'),
    ],
    [
      "a scope missing",
      refused(request("Bearer a"), says({ id: "a", scopes: ["x"] }), { scopes: ["x", "y"] }),
      403,
      bearer(', error="insufficient_scope", scope="x y"'),
    ],
  ]) {
    const { status: got, headers } = await response;
    assert.equal(got, status, what);
    assert.equal(headers.get("www-authenticate"), challenge, what);
    assert.equal(headers.get("retry-after"), status === 503 ? "9" : null, what);
    assert.equal(headers.get("cache-control"), "no-store", what);
    assert.doesNotMatch(await (await response).text(), /secret|ERR_|down/, what);
  }
  assert.equal(
    (await authenticateRequest(request("Bearer a"), says({ id: "a", scopes: ["x", "y"] }), { scopes: ["x"] })).id,
    "a",
  );
  assert.equal(errorResponse(new Error("x")).status, 500);
  assert.equal(errorResponse(undefined).status, 500);
  await assert.rejects(authenticateRequest(request("Bearer a"), {}), config(/verifier/));
});

test("StaticBearerVerifier", async () => {
  const verifier = await StaticBearerVerifier.create({
    one: "alice",
    two: { id: "bob", labels: { a: "b" }, scopes: ["s"] },
  });
  const ask = (token, scheme = "bearer") => verifier.authenticate({ scheme, token });
  assert.deepEqual(await ask("one"), { key: "static||alice", kind: "static", id: "alice", labels: {} });
  assert.deepEqual(await ask("two", "Bearer"), {
    key: "static||bob",
    kind: "static",
    id: "bob",
    labels: { a: "b" },
    scopes: ["s"],
  });
  for (const token of ["on", "onee", "ONE", "", undefined, "constructor", "__proto__"])
    assert.equal(await ask(token), null, token);
  assert.equal(await ask("one", "basic"), null);
  assert.equal(await (await StaticBearerVerifier.create({})).authenticate({ scheme: "bearer", token: "x" }), null);
  for (const tokens of [
    null,
    "x",
    { "": "a" },
    { "a b": "a" },
    { a: "" },
    { a: 7 },
    { a: null },
    { a: {} },
    { a: { id: "x", scope: [] } },
    { a: { id: "x", scopes: "s" } },
  ]) {
    await assert.rejects(StaticBearerVerifier.create(tokens), config(/token/), JSON.stringify(tokens));
  }
  const error = await StaticBearerVerifier.create({ "hunter2 hunter2": "x" }).catch((thrown) => thrown);
  assert.doesNotMatch(error.message, /hunter2/);
  assert.doesNotMatch(JSON.stringify(verifier) + String(verifier), /one|alice/);
});

test("the verifiers for development, and the one that refuses", async () => {
  const any = await AllowAnyBearerVerifier.create();
  const dev = await DevModeBearerVerifier.create();
  const deny = await DenyAllVerifier.create();
  assert.equal((await any.authenticate({ scheme: "bearer", token: "x" })).key, "dev||x");
  assert.equal((await dev.authenticate({ scheme: "bearer", token: "x" })).id, "dev:x");
  for (const verifier of [any, dev, deny]) {
    assert.equal(await verifier.authenticate({ scheme: "bearer", token: "" }), null);
    assert.equal(await verifier.authenticate({ scheme: "none" }), null);
  }
  assert.equal(await dev.authenticate({ scheme: "bearer", token: "  " }), null);
  assert.equal(await deny.authenticate({ scheme: "bearer", token: "x" }), null);
});

test("SchemeRouter", async () => {
  const router = await SchemeRouter.create({ Bearer: says({ id: "b" }), "x-vendor.acme.key": says({ id: "v" }) });
  const id = async (scheme) => (await router.authenticate({ scheme, token: "t" }, {}))?.id ?? null;
  assert.deepEqual(await Promise.all(["bearer", "BEARER", "X-Vendor.Acme.Key", "none", "constructor"].map(id)), [
    "b",
    "b",
    "v",
    null,
    null,
  ]);
  for (const routes of [
    null,
    { bearer: {} },
    { "a b": says(null) },
    { "": says(null) },
    { a: says(null), A: says(null) },
  ]) {
    await assert.rejects(SchemeRouter.create(routes), config(/route/));
  }
});

test("FirstOf goes on after a refusal, and stops at an outage", async () => {
  const expired = new ArcgateError("ERR_TOKEN_EXPIRED", "x");
  const issuer = new ArcgateError("ERR_TOKEN_ISSUER", "x");
  const early = new ArcgateError("ERR_TOKEN_NOT_YET_VALID", "x", { retryable: true });
  const yes = says({ id: "yes" });
  const outcome = async (...verifiers) => {
    const first = await FirstOf.create(verifiers);
    return first.authenticate({ scheme: "bearer", token: "t" }, {}).then(
      (principal) => principal?.id ?? null,
      (error) => error.code ?? error.name,
    );
  };
  assert.equal(await outcome(says(null), says(expired), says(early), yes), "yes");
  assert.equal(await outcome(says(outage()), yes), "ERR_JWKS_UNAVAILABLE");
  assert.equal(await outcome(says(new TypeError("bug")), yes), "TypeError");
  assert.equal(await outcome(says(null), says(null)), null);
  assert.equal(await outcome(says(issuer), says(expired), says(null)), "ERR_TOKEN_EXPIRED");
  assert.equal(await outcome(says(expired), says(issuer)), "ERR_TOKEN_EXPIRED");
  const [audience, revoked] = ["AUDIENCE", "REVOKED"].map((name) => new ArcgateError(`ERR_TOKEN_${name}`, "x"));
  assert.equal(await outcome(says(audience), says(revoked), says(expired)), "ERR_TOKEN_REVOKED");
  assert.equal(await outcome(), null);
  await assert.rejects(FirstOf.create([{}]), config(/verifiers\[0\]/));
  await assert.rejects(FirstOf.create(yes), config(/list/));
});
