// bearerAuth of Hono, Express 4 and 5, and Fastify, over sockets.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { ArcgateError, JwtVerifier, TokenManager } from "arcgate";
import * as ofExpress from "arcgate/express";
import * as ofFastify from "arcgate/fastify";
import * as ofHono from "arcgate/hono";
import express5 from "express";
import express4 from "express4";
import Fastify from "fastify";
import { Hono } from "hono";
import { battery, send } from "./battery.mjs";
import { check } from "./check.mjs";
import { closeAll, listen, listenFastify } from "./servers.mjs";
import { good, scopeless, tampered, verifier } from "./verifier.mjs";

const outage = {
  async authenticate() {
    throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "down", { retryable: true, details: { retryAfterSec: 7 } });
  },
};
const broken = {
  async authenticate() {
    throw new TypeError("a mistake");
  },
};
const known = { authenticate: async ({ token }) => (token === "opaque" ? { id: "bob" } : null) };

// path -> [verifier, options]; each answers { hello, email, isJwt }.
const routes = {
  "/optional": [verifier, { optional: true, scopes: ["read:reports"] }],
  "/outage": [outage],
  "/outage-optional": [outage, { optional: true }],
  "/broken": [broken],
  "/known": [known],
};
const told = [];
const onRefused = (error) => void told.push(error.code);
const said = (principal, token) => ({ hello: principal?.id ?? null, email: token?.claims.email ?? null });

const app4 = (express) => {
  const app = express();
  app.get("/reports/mine", ofExpress.bearerAuth(verifier, { scopes: ["read:reports"], onRefused }), (req, res) =>
    res.json(said(req.principal, req.verifiedToken)),
  );
  for (const [path, given] of Object.entries(routes))
    app.get(path, ofExpress.bearerAuth(...given), (req, res) => res.json(said(req.principal, req.verifiedToken)));
  const scopes = async (req) => [`read:${req.params.what}`];
  app.get("/by/:what", ofExpress.bearerAuth(verifier, { scopes }), (req, res) => res.json(said(req.principal)));
  const own = (_, __, res) => res.status(418).json({ own: true });
  app.get("/own", ofExpress.bearerAuth(verifier, { onRefused: own }), (req, res) => res.json(said(req.principal)));
  // Mounted, its `url` has lost its beginning, and a rewritten one its query.
  const mounted = express.Router();
  mounted.use((req, _, next) => {
    req.url = "/";
    next();
  });
  mounted.use(ofExpress.bearerAuth(verifier), (req, res) => res.json(said(req.principal)));
  app.use("/mounted", mounted);
  // Failures by which Express would let everybody in, or go on elsewhere.
  for (const [index, value] of [undefined, null, "", "route", "router"].entries()) {
    const fails = () => Promise.reject(value);
    const answer = (req, res) => res.json(said(req.principal));
    app.use(`/fails/${index}/onRefused`, ofExpress.bearerAuth(verifier, { onRefused: fails }), answer);
    app.use(`/fails/${index}/scopes`, ofExpress.bearerAuth(verifier, { scopes: fails }), answer);
    const broken = fails();
    broken.catch(() => {});
    app.get(`/fails/${index}/verifier`, ofExpress.bearerAuth(broken), answer);
  }
  app.use((error, _req, res, _next) => res.status(500).json({ failed: error.cause?.message ?? error.message }));
  return listen(createServer(app));
};

const fastify = () => {
  const app = Fastify();
  const answer = async (request) => said(request.principal, request.verifiedToken);
  app.get(
    "/reports/mine",
    { preHandler: ofFastify.bearerAuth(verifier, { scopes: ["read:reports"], onRefused }) },
    answer,
  );
  app.register(async (part) => {
    for (const [path, given] of Object.entries(routes))
      part.get(path, { onRequest: ofFastify.bearerAuth(...given) }, answer);
  });
  const scopes = async (request) => [`read:${request.params.what}`];
  app.get("/by/:what", { onRequest: ofFastify.bearerAuth(verifier, { scopes }) }, answer);
  const own = (_, __, reply) => reply.code(418).send({ own: true });
  app.get("/own", { onRequest: ofFastify.bearerAuth(verifier, { onRefused: own }) }, answer);
  app.get("/mounted", { onRequest: ofFastify.bearerAuth(verifier) }, answer);
  app.setErrorHandler((error, _, reply) => reply.code(500).send({ failed: error.cause?.message ?? error.message }));
  return listenFastify(app);
};

const hono = () => {
  const app = new Hono();
  const answer = (c) => c.json(said(c.get("principal"), c.get("verifiedToken")));
  app.get("/reports/mine", ofHono.bearerAuth(verifier, { scopes: ["read:reports"], onRefused }), answer);
  for (const [path, given] of Object.entries(routes)) app.get(path, ofHono.bearerAuth(...given), answer);
  const scopes = async (c) => [`read:${c.req.param("what")}`];
  app.get("/by/:what", ofHono.bearerAuth(verifier, { scopes }), answer);
  const own = (_, c) => c.json({ own: true }, 418);
  app.get("/own", ofHono.bearerAuth(verifier, { onRefused: own }), answer);
  app.get("/mounted", ofHono.bearerAuth(verifier), answer);
  app.onError((error, c) => c.json({ failed: error.cause?.message ?? error.message }, 500));
  return listen(createServer(getRequestListener(app.fetch)));
};

for (const [name, start] of Object.entries({
  "Express 5": () => app4(express5),
  "Express 4": () => app4(express4),
  Fastify: fastify,
  Hono: hono,
})) {
  const base = await start();
  const ask = (path, ...tokens) =>
    send(
      base,
      path,
      tokens.map((token) => `Bearer ${token}`),
    );
  told.length = 0;
  const body = await battery(name, (fields) => send(base, "/reports/mine", fields));
  assert.equal(body.email, "alice@example.com", `${name}: the claims`);
  assert.deepEqual(
    told,
    [
      "ERR_UNAUTHENTICATED",
      "ERR_UNAUTHENTICATED",
      "ERR_TOKEN_SIGNATURE",
      "ERR_INVALID_REQUEST",
      "ERR_INVALID_REQUEST",
      "ERR_INVALID_REQUEST",
      "ERR_TOKEN_SCOPE",
    ],
    name,
  );
  const expected = async (path, tokens, status, wanted) => {
    const { status: got, body, headers } = await ask(path, ...tokens);
    assert.deepEqual([got, body], [status, wanted], `${name}, ${path}`);
    return headers;
  };
  await expected("/optional", [], 200, { hello: null, email: null });
  await expected("/optional", [tampered], 401, { error: "unauthorized" });
  await expected("/optional", [scopeless], 403, { error: "insufficient_scope" });
  await expected("/optional", [good], 200, { hello: "alice", email: "alice@example.com" });
  await expected(`/optional?access_token=${good}`, [], 400, { error: "invalid_request" });
  await expected(`/mounted?access_token=${good}`, [good], 400, { error: "invalid_request" });
  for (const path of ["/outage", "/outage-optional"]) {
    const { "retry-after": wait } = await expected(path, ["x"], 503, { error: "temporarily_unavailable" });
    assert.equal(wait, "7", name);
  }
  await expected("/outage-optional", [], 200, { hello: null, email: null });
  await expected("/broken", ["x"], 500, { failed: "a mistake" });
  await expected("/known", ["opaque"], 200, { hello: "bob", email: null });
  await expected("/known", [good], 401, { error: "unauthorized" });
  await expected("/by/reports", [good], 200, {
    hello: "alice",
    email: name.startsWith("Express") ? null : "alice@example.com",
  });
  await expected("/by/others", [good], 403, { error: "insufficient_scope" });
  await expected("/own", [], 418, { own: true });
  if (name.startsWith("Express")) {
    for (const what of ["onRefused", "scopes", "verifier"]) {
      for (const index of [0, 1, 2, 3, 4]) {
        const { status, body } = await ask(`/fails/${index}/${what}`);
        assert.equal(status, 500, `${name}, ${what}, ${index}: ${JSON.stringify(body)}`);
      }
    }
  }
}
for (const { bearerAuth } of [ofHono, ofExpress, ofFastify]) {
  for (const [given, options, key] of [
    [{}, {}, "verifier"],
    [verifier, { scope: ["x"] }, "scope"],
    [verifier, { scopes: "x" }, "scopes"],
    [verifier, { scopes: undefined }, "scopes"],
    [verifier, { optional: "yes" }, "optional"],
    [verifier, { onRefused: 7 }, "onRefused"],
  ]) {
    assert.throws(() => bearerAuth(given, options), {
      code: "ERR_CONFIG",
      details: { fault: "configuration", subject: key },
    });
  }
}
await closeAll();
console.log(await check({ JwtVerifier, TokenManager }));
