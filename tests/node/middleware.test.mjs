// What the middleware hands to handlers besides the principal, by that for Hono. Frameworks over sockets are in
// tests/packaging/consumers/servers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { authenticateRequest, FirstOf, JwtVerifier, SchemeRouter, StaticBearerVerifier } from "../../pkg/entry.node.js";
import { bearerAuth as ofExpress } from "../../pkg/express.js";
import { bearerAuth as ofFastify } from "../../pkg/fastify.js";
import { bearerAuth } from "../../pkg/hono.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const create = (options) =>
  JwtVerifier.create({
    providers: { main: { issuer, audience, jwks: { keys: [signer.jwk] } } },
    now: clock,
    ...options,
  });

/** What a handler finds behind the middleware for each of these tokens, in turn. */
async function found(verifier, ...tokens) {
  const app = new Hono();
  const all = [];
  app.get("/", bearerAuth(verifier), (c) => {
    all.push([c.get("principal"), c.get("verifiedToken")]);
    return c.text("");
  });
  for (const token of tokens) {
    const { status } = await app.request("/", { headers: { authorization: `Bearer ${token}` } });
    assert.equal(status, 200);
  }
  return all;
}

test("the verified token is what verify() gives, new and seen before, with checks of the user's and without", async () => {
  const one = await signer.sign({ email: "a@example.com", scope: "read" });
  const other = await signer.sign({ sub: "bob", deep: { a: [1] } });
  for (const options of [{}, { tokenCache: false }, { isRevoked: () => false }, { checkClaims() {} }]) {
    const verifier = await create(options);
    const expected = await Promise.all([one, other].map((token) => verifier.verify(token)));
    const fresh = await create(options);
    const all = await found(fresh, one, other, one, other);
    for (const [index, [principal, token]] of all.entries()) {
      assert.deepEqual(token, expected[index % 2]);
      assert.deepEqual(principal, token.principal);
      assert.ok(Object.isFrozen(principal));
    }
    assert.notEqual(all[0][1].claims, all[2][1].claims, "a copy of one's own");
  }
});

test("of verifiers of verifiers too; of those without a token there is none", async () => {
  const jwt = await create();
  const robots = await StaticBearerVerifier.create({ robot: "robot-1" });
  const token = await signer.sign();
  const first = await FirstOf.create([robots, jwt]);
  for (const verifier of [first, await SchemeRouter.create({ bearer: first })]) {
    const [[who, none], [user, verified]] = await found(verifier, "robot", token);
    assert.deepEqual([who.key, none], ["static||robot-1", undefined]);
    assert.deepEqual([user.key, verified.claims.sub], [`jwt|${issuer}|user-1`, "user-1"]);
  }
  // What a verifier of the user's asks besides is its own affair.
  const wrapped = { authenticate: (...args) => jwt.authenticate(...args) };
  const [[user, none]] = await found(wrapped, token);
  assert.deepEqual([user.key, none], [`jwt|${issuer}|user-1`, undefined]);
});

test("another scheme is no bearer token, but credentials: it does not go on where those are optional", async () => {
  const app = new Hono().use(bearerAuth(await create(), { optional: true })).get("/", (c) => c.text(""));
  const { status, headers } = await app.request("/", { headers: { authorization: "Basic eDp5" } });
  assert.deepEqual([status, headers.get("www-authenticate")], [401, 'Bearer realm="arcgate"']);
});

test("each request is verified once", async () => {
  const events = [];
  const checks = [];
  const onEvent = ({ type }) => events.push(type);
  const verifier = await create({ onEvent, isRevoked: ({ claims }) => void checks.push(claims.sub) });
  await found(verifier, await signer.sign());
  assert.deepEqual([events, checks], [["token.accepted"], ["user-1"]]);
});

test("a refusal has the fields of CORS that were set before, and a preflight needs no token", async () => {
  const app = new Hono();
  app.use(cors({ origin: "https://page.example" }));
  app.use(bearerAuth(await create()));
  const headers = { origin: "https://page.example", "access-control-request-method": "GET" };
  for (const [method, status] of [
    ["GET", 401],
    ["OPTIONS", 204],
  ]) {
    const answer = await app.request("/", { method, headers });
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://page.example");
  }
});

test("a refusal has what was set on the context before, but for its own fields", async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("x-request-id", "r-1");
    c.header("cache-control", "public");
    c.header("www-authenticate", "Basic");
    await next();
  });
  app.use("/touched", async (c, next) => {
    c.res.headers.set("x-touched", "yes");
    await next();
  });
  app.use(bearerAuth(await create(), { onRefused: (error, c) => c.header("x-code", error.code) }));
  for (const path of ["/", "/touched"]) {
    const { status, headers } = await app.request(path);
    assert.equal(status, 401);
    assert.deepEqual(
      ["x-request-id", "x-code", "x-touched", "cache-control", "www-authenticate"].map((name) => headers.get(name)),
      ["r-1", "ERR_UNAUTHENTICATED", path === "/" ? null : "yes", "no-store", 'Bearer realm="arcgate"'],
    );
    assert.equal(headers.get("content-type"), "application/json");
  }
});

// To Express `next(undefined)` is "go on", and `next("route")` is "the next route".
test("whatever value something fails with, the failure is an error, and nobody is let in", async () => {
  const verifier = await create();
  const incoming = { url: "/", headers: {}, rawHeaders: [] };
  const isFailure = (error) => error?.code === "ERR_INTERNAL" && error.details.fault === "configuration";
  for (const value of [undefined, null, "", 0, false, "route", "router", Symbol("x")]) {
    const fails = () => Promise.reject(value);
    for (const [what, given] of [
      ["the verifier", () => [fails()]],
      ["authenticate", () => [{ authenticate: fails }, {}, { ...incoming, headers: { authorization: "Bearer a" } }]],
      ["scopes", () => [verifier, { scopes: fails }]],
      ["onRefused", () => [verifier, { onRefused: fails }]],
    ]) {
      const told = [];
      const [asked, options, request = incoming] = given();
      await ofExpress(asked, options)(request, {}, (...args) => told.push(args));
      assert.ok(told.length === 1 && told[0].length === 1 && isFailure(told[0][0]), `${what}: ${String(value)}`);
      await assert.rejects(ofFastify(...given().slice(0, 2))({ raw: request }, { sent: false }), isFailure, what);
    }
    await assert.rejects(authenticateRequest(incoming, fails()), isFailure);
  }
  // What an error handler may look at is handed on as it is.
  const own = { status: 418 };
  await ofExpress(verifier, { onRefused: () => Promise.reject(own) })(incoming, {}, (error) =>
    assert.equal(error, own),
  );
});

test("what onRefused gives is an answer if it is a Response, and else none", async () => {
  for (const given of [1, true, "x", { warn() {} }, { status: 200, headers: new Headers() }, null, [], undefined]) {
    const app = new Hono().use(bearerAuth(await create(), { onRefused: () => given }));
    const answer = await app.request("/");
    assert.deepEqual([answer.status, await answer.json()], [401, { error: "unauthorized" }], String(given));
  }
  const app = new Hono().use(
    bearerAuth(await create(), { onRefused: async () => new Response("own", { status: 418 }) }),
  );
  const answer = await app.request("/");
  assert.deepEqual([answer.status, await answer.text()], [418, "own"]);
});

test("with nothing else of the package imported, it finds its module", async () => {
  const program = `
    import { bearerAuth } from "${new URL("../../pkg/express.js", import.meta.url)}";
    const own = { authenticate: async ({ token }) => ({ id: token }) };
    const request = { url: "/", headers: { authorization: "Bearer abc" }, rawHeaders: [] };
    await bearerAuth(own)(request, {}, (error) => console.log(error ?? request.principal.key));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  assert.equal(stdout, "custom||abc\n");
});
