// The recipes of docs/servers.md, as they are written there.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createPlain, request as plainRequest } from "node:http";
import { connect, createServer as createHttp2 } from "node:http2";
import { HeaderMap } from "@apollo/server";
import { getRequestListener } from "@hono/node-server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { JwtVerifier, TokenManager } from "arcgate";
import { battery, send } from "./battery.mjs";
import { check } from "./check.mjs";
import { askBy, closeAll, listen, listenFastify } from "./servers.mjs";
import { early, good, scopeless, tampered } from "./verifier.mjs";

const at = async (name) => import(`./${name}.mjs`);
const over =
  (base, path = "/reports/mine") =>
  (fields) =>
    send(base, path, fields);

const node = (await at("node")).app;
const koa = (await at("koa")).app;
const hono = (await at("hono")).app;
const elysia = (await at("elysia")).app;
for (const [name, ask] of Object.entries({
  hono: over(await listen(createPlain(getRequestListener(hono.fetch)))),
  express: over(await listen(createPlain((await at("express")).app))),
  express4: over(await listen(createPlain((await at("express4")).app))),
  fastify: over(await listenFastify((await at("fastify")).app)),
  node: over(await listen(node)),
  koa: over(await listen(createPlain(koa.callback()))),
  fetch: askBy((await at("fetch")).app.fetch),
  itty: askBy((await at("itty")).app.fetch),
  next: askBy((await at("next")).GET),
  elysia: askBy((request) => elysia.handle(request)),
})) {
  await battery(name, ask);
}

const { handle } = await at("svelte");
const resolve = (event) => Response.json({ hello: event.locals.principal?.id ?? null });
const svelte = (request) => handle({ event: { request, url: new URL(request.url), locals: {} }, resolve });
await battery("svelte", askBy(svelte, "/api/mine"));
const outside = await svelte(new Request("https://api.example.com/page"));
assert.deepEqual(await outside.json(), { hello: null });

const { app: yoga } = await at("yoga");
const query = JSON.stringify({ query: "{ hello }" });
const graphql = (fetch) => async (fields) => {
  const headers = new Headers(fields.map((value) => ["authorization", value]));
  headers.set("content-type", "application/json");
  const response = await fetch(
    new Request("https://api.example.com/graphql", { method: "POST", headers, body: query }),
  );
  const body = await response.json();
  return { status: response.status, headers: Object.fromEntries(response.headers), body: body.data ?? body };
};
await battery(
  "yoga",
  graphql((request) => yoga.fetch(request)),
);

// Errors in the protocol's own form: the status and the challenge are told, and no reason.
const outcomes = [
  [[], 401],
  [[`Bearer ${tampered}`], 401],
  // Its error is retryable, and it is refused all the same.
  [[`Bearer ${early}`], 401],
  [[`Bearer ${scopeless}`], 403],
  [[`Bearer ${good}`, `Bearer ${good}`], 400],
  [[`Bearer ${good}`], 200],
];
const { router, createContext } = await at("trpc");
const trpc = await listen(createHTTPServer({ router, createContext, onError() {} }));
const byFetch = (req) => fetchRequestHandler({ endpoint: "/", req, router, createContext, onError() {} });
for (const ask of [over(trpc, "/mine"), askBy(byFetch, "/mine")]) {
  for (const [fields, status] of outcomes) {
    const answer = await ask(fields);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (status === 200) assert.deepEqual(answer.body.result.data, { hello: "alice" });
    else assert.equal(answer.body.error.message, "not authenticated");
  }
}

const { app: apollo, context } = await at("apollo");
await apollo.start();
for (const [fields, status] of outcomes) {
  const req = await incoming(fields);
  const httpGraphQLRequest = {
    method: "POST",
    headers: new HeaderMap([["content-type", "application/json"]]),
    search: "",
    body: { query: "{ hello }" },
  };
  const answer = await apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: () => context({ req }) });
  assert.equal(answer.status ?? 200, status, JSON.stringify(answer.body));
  if (status === 200) assert.deepEqual(JSON.parse(answer.body.string).data, { hello: "alice" });
  else {
    assert.match(answer.headers.get("www-authenticate"), /^Bearer realm/);
    assert.match(answer.body.string, /"not authenticated"/);
  }
}
await apollo.stop();

const mcp = await listen(createPlain((await at("mcp")).app));
for (const [fields, status] of outcomes) {
  // The SDK's own middleware looks at the first of two headers.
  const expected = fields.length === 2 ? 200 : status;
  const answer = await send(mcp, "/reports/mine", fields);
  assert.equal(answer.status, expected, JSON.stringify(answer.body));
  if (expected === 200) assert.deepEqual(answer.body, { hello: "alice" });
}

// The compatibility API of http2, whose requests have a Host of another name.
const http2 = createHttp2(node.listeners("request")[0]);
const session = connect(await listen(http2));
for (const [authorization, status] of [
  [undefined, 401],
  [`Bearer ${good}`, 200],
  [`Bearer ${tampered}`, 401],
]) {
  const stream = session.request({ ":path": "/reports/mine", ...(authorization && { authorization }) });
  const [headers] = await once(stream, "response");
  stream.resume();
  assert.equal(headers[":status"], status);
}
session.close();

await closeAll();
console.log(await check({ JwtVerifier, TokenManager }));

/** A request as Node has it, whose answer is nothing. */
async function incoming(fields) {
  const server = createPlain();
  const base = await listen(server);
  const arrived = once(server, "request");
  const headers = [
    "Host",
    new URL(base).host,
    "Connection",
    "close",
    ...fields.flatMap((value) => ["Authorization", value]),
  ];
  const sent = plainRequest(base, { headers, agent: false }).end();
  const answered = once(sent, "response");
  const [request, response] = await arrived;
  response.end();
  (await answered)[0].resume();
  return request;
}
