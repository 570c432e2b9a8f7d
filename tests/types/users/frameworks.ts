// What users of Hono, Express and Fastify write. Compiled and never run.

import { bearerAuth as ofExpress } from "arcgate/express";
import { bearerAuth as ofFastify } from "arcgate/fastify";
import { type AuthVariables, bearerAuth as ofHono } from "arcgate/hono";
import { JwtVerifier } from "arcgate/verify";
import express, { type Request } from "express";
import fastify from "fastify";
import { Hono } from "hono";

const verifier = JwtVerifier.create({ providers: {} });

export const hono = new Hono<{ Variables: AuthVariables }>()
  .use("/*", ofHono(verifier, { scopes: ["read"] }))
  .get("/", (c) => c.json({ id: c.get("principal").id, tenant: c.get("verifiedToken")?.claims.tenant }));

type Bound = { Variables: AuthVariables; Bindings: { PROVIDERS: string } };
const made = (_env: Bound["Bindings"]) => verifier;
export const ofEnv = new Hono<Bound>()
  .use((c, next) => ofHono<false, Bound>(made(c.env))(c, next))
  .get("/", (c) => c.json({ id: c.get("principal").id, providers: c.env.PROVIDERS }));

export const app = express();
app.use("/reports", ofExpress(verifier, { scopes: ["read"] }));
app.get("/reports/mine", (request: Request, response) => {
  response.json({ id: request.principal?.id, iss: request.verifiedToken?.claims.iss });
});

export const server = fastify();
server.addHook("onRequest", ofFastify(verifier));
server.get("/", { preHandler: ofFastify(verifier, { optional: true }) }, async (request) => request.principal?.id);
