// What the types of the middleware must allow with the frameworks' own types, and what they must not. Compiled and never run.

import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { initTRPC, TRPCError } from "@trpc/server";
import { bearerAuth as forExpress } from "arcgate/express";
import { bearerAuth as forFastify } from "arcgate/fastify";
import { type AuthVariables, bearerAuth as forHono } from "arcgate/hono";
import {
  authenticateRequest,
  errorResponse,
  JwtVerifier,
  type Principal,
  sendError,
  type VerifiedToken,
} from "arcgate/verify";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const check = <T extends true>(): T | undefined => undefined;

const verifier = JwtVerifier.create({ providers: { main: { issuer: "https://idp.example.com", audience: "a" } } });

const hono = new Hono<{ Bindings: { PROVIDERS: string }; Variables: AuthVariables }>();
hono.use(forHono(verifier, { scopes: ["read"] }));
hono.use("/x/*", forHono(verifier, { scopes: (c) => [c.req.path], onRefused: (error, c) => c.text(error.code) }));
hono.get("/x", (c) => {
  const principal = c.get("principal");
  check<Equal<typeof principal, Principal>>();
  const { verifiedToken } = c.var;
  check<Equal<typeof verifiedToken, VerifiedToken | undefined>>();
  return c.text(principal.id);
});
// In a chain the types come from the middleware.
new Hono().get("/x", forHono(verifier), (c) => c.text(c.get("principal").id));
new Hono().get("/x", forHono(verifier, { optional: true }), (c) => {
  // @ts-expect-error it may be nobody
  c.get("principal").id;
  return c.text(c.get("principal")?.id ?? "nobody");
});
// @ts-expect-error there is no such option
forHono(verifier, { scope: ["read"] });
// @ts-expect-error what has no `authenticate` is no verifier
forHono({});

const app = express();
app.use(
  forExpress(verifier, {
    scopes: (req) => [String(req.params.what)],
    onRefused: (error, _, res) => res.json(error.code),
  }),
);
app.get("/x/:id", forExpress(verifier), (req, res) => {
  check<Equal<typeof req.principal, Principal | undefined>>();
  res.json({ id: req.params.id, hello: req.principal?.id, claims: req.verifiedToken?.claims });
});
app.get("/y", async (req, res) => {
  res.json(await authenticateRequest(req, verifier));
});

const fastify = Fastify();
fastify.addHook("onRequest", forFastify(verifier, { scopes: (request) => [request.url] }));
fastify.get<{ Querystring: { q: string } }>("/x", { preHandler: forFastify(verifier) }, async (request) => {
  check<Equal<typeof request.principal, Principal | undefined>>();
  return [request.principal?.id, request.query.q, request.verifiedToken?.claims];
});
fastify.get("/y", { onRequest: [forFastify(verifier)] }, async (request) => authenticateRequest(request.raw, verifier));
const http2 = Fastify({ http2: true });
http2.addHook("preHandler", forFastify(verifier));

createServer((request, response) => {
  authenticateRequest(request, verifier).catch((error) => sendError(response, error));
});
createHttp2((request, response) => {
  authenticateRequest(request, verifier).catch((error) => sendError(response, error));
});

// What docs/servers.md says of tRPC in TypeScript.
const codes: Record<number, TRPCError["code"]> = { 401: "UNAUTHORIZED" };
const createContext = ({ req }: { req: Request | IncomingMessage }) => ({ req });
const t = initTRPC.context<typeof createContext>().create();
const authenticated = t.procedure.use(async ({ ctx, next }) => {
  const principal = await authenticateRequest(ctx.req, verifier).catch((cause: unknown) => {
    const code = codes[errorResponse(cause).status] ?? "INTERNAL_SERVER_ERROR";
    throw new TRPCError({ code, message: "not authenticated", cause });
  });
  return next({ ctx: { principal } });
});
t.router({ mine: authenticated.query(({ ctx }) => ({ hello: ctx.principal.id })) });
