// Requests of every kind: of Node, of other libraries and realms; answers through Node's response; and promises of verifiers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as plainRequest } from "node:http";
import { connect, createServer as createHttp2 } from "node:http2";
import { after, before, describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { Request as UndiciRequest } from "undici";
import {
  ArcgateError,
  authenticateRequest,
  errorResponse,
  JwtVerifier,
  StaticBearerVerifier,
  sendError,
} from "../../pkg/entry.node.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const provider = { issuer, audience, jwks: { keys: [signer.jwk] } };
const verifier = await JwtVerifier.create({ providers: { p: provider }, now: clock });
const token = await signer.sign({ scope: "read" });
const bearer = `Bearer ${token}`;

// A custom verifier, which is told of the request.
const spy = () => {
  const seen = [];
  const authenticate = async (credentials, { transport, url, remoteAddress, signal, ...more }) => {
    seen.push({ ...credentials, transport, url, remoteAddress, signal, more: Object.keys(more) });
    return { id: "somebody" };
  };
  return { seen, authenticate };
};

describe("Node's own request", () => {
  let server;
  let base;
  let respond;
  before(async () => {
    server = createServer((request, response) => respond(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());

  /** What `work(request)` gives of a request with these fields, as it arrives. */
  async function arrived(work, { path = "/x", fields = [], host = "api.example.com" } = {}) {
    let outcome;
    respond = async (request, response) => {
      outcome = Promise.resolve(request).then(work);
      await outcome.catch(() => {});
      response.end();
    };
    const headers = ["Host", host, "Connection", "close", ...fields.flatMap((value) => ["AuthoriZation", value])];
    const sent = plainRequest(base, { path, headers, agent: false }).end();
    const [response] = await once(sent, "response");
    response.resume();
    return outcome;
  }
  const asked = (options, by = verifier, more = undefined) =>
    arrived((request) => authenticateRequest(request, by, more), options);

  test("is read as a Request is", async () => {
    assert.equal((await asked({ fields: [bearer] })).id, "user-1");
    await assert.rejects(asked({}), { code: "ERR_UNAUTHENTICATED" });
    await assert.rejects(asked({ fields: [bearer] }, verifier, { scopes: ["write"] }), { code: "ERR_TOKEN_SCOPE" });
    for (const options of [
      { fields: [bearer, bearer] },
      { fields: [bearer, "Basic eDp5"] },
      { fields: ["Basic eDp5", bearer] },
      { fields: [bearer, ""] },
      { fields: [`${bearer}, ${bearer}`] },
      { fields: [bearer], path: "/x?access_token=a" },
      { fields: [bearer], path: "http://api.example.com/x?access%5ftoken=a" },
    ])
      await assert.rejects(asked(options), { code: "ERR_INVALID_REQUEST" }, JSON.stringify(options.path));
  });

  test("tells a verifier of one's own where it goes, whatever stands in Host", async () => {
    const context = async (options) => {
      const own = spy();
      await asked({ fields: ["Own secret"], ...options }, own);
      assert.deepEqual(
        own.seen[0].more,
        ["waitUntil"].filter(() => false),
        "nothing else can be listed",
      );
      return own.seen[0];
    };
    const { url, ...others } = await context({ path: "/x?a=1" });
    assert.equal(url, "http://api.example.com/x?a=1");
    const { scheme, token: sent, transport, remoteAddress } = others;
    assert.deepEqual([scheme, sent, transport, remoteAddress], ["own", "secret", "http", "127.0.0.1"]);
    assert.equal((await context({ path: "http://other.example/y" })).url, "http://other.example/y");
    for (const host of ["evil.example/x?", "a@b", "a b", "[::1]#"])
      assert.equal((await context({ host })).url, "http://unknown.invalid/x", host);
    assert.equal((await context({ host: "[::1]:80" })).url, "http://[::1]:80/x");
  });

  test("counts with what was put into its headers on the way, but for two that came", async () => {
    const put = (options) =>
      arrived((request) => {
        request.headers.authorization = bearer;
        return authenticateRequest(request, verifier);
      }, options);
    assert.equal((await put({})).id, "user-1");
    assert.equal((await put({ fields: ["Basic eDp5"] })).id, "user-1");
    await assert.rejects(put({ fields: ["Basic eDp5", bearer] }), { code: "ERR_INVALID_REQUEST" });
    const removed = arrived(
      (request) => {
        delete request.headers.authorization;
        return authenticateRequest(request, verifier);
      },
      { fields: [bearer] },
    );
    await assert.rejects(removed, { code: "ERR_UNAUTHENTICATED" });
  });

  test("of http2 is read, and answered", async () => {
    const own = createHttp2(async (request, response) => {
      const asked = spy();
      try {
        await authenticateRequest(request, verifier, { scopes: ["read"] });
        await authenticateRequest(request, asked);
        response.end(asked.seen[0].url);
      } catch (error) {
        sendError(response, error);
      }
    });
    own.listen(0, "127.0.0.1");
    await once(own, "listening");
    const session = connect(`http://127.0.0.1:${own.address().port}`);
    const ask = async (authorization) => {
      const stream = session.request({ ":path": "/x", ...(authorization && { authorization }) });
      const [headers] = await once(stream, "response");
      let text = "";
      for await (const chunk of stream.setEncoding("utf8")) text += chunk;
      return [headers[":status"], text, headers["www-authenticate"]];
    };
    const place = `http://127.0.0.1:${own.address().port}/x`;
    assert.deepEqual(await ask(bearer), [200, place, undefined]);
    assert.deepEqual(await ask(), [401, '{"error":"unauthorized"}', 'Bearer realm="arcgate"']);
    session.close();
    own.close();
  });

  test("is answered by sendError as a Request is by errorResponse, or cut off where an answer has begun", async () => {
    const outage = new ArcgateError("ERR_JWKS_UNAVAILABLE", "x", { retryable: true, details: { retryAfterSec: 9 } });
    const scope = new ArcgateError("ERR_TOKEN_SCOPE", "x", { details: { fault: "caller", subject: "a b" } });
    for (const error of [outage, scope, new ArcgateError("ERR_UNAUTHENTICATED", "x"), new TypeError("x"), undefined]) {
      respond = (_, response) => sendError(response, error);
      const got = await fetch(base);
      const expected = errorResponse(error);
      assert.equal(got.status, expected.status);
      assert.equal(await got.text(), await expected.text());
      for (const [name, value] of expected.headers) assert.equal(got.headers.get(name), value);
    }
    respond = (_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("half");
      sendError(response, outage);
    };
    await assert.rejects(fetch(base).then((response) => response.text()));
  });
});

test("a Request of another library or realm is one, and what is none is refused by name", async () => {
  const init = { headers: { authorization: bearer } };
  const headers = new Headers(init.headers);
  for (const request of [
    new Request("https://api.example/", init),
    new UndiciRequest("https://api.example/", init),
    runInNewContext("({ url: 'https://api.example/', headers: { get: (name) => map.get(name) ?? null } })", {
      map: new Map([["authorization", bearer]]),
    }),
    { url: "/", headers },
  ])
    assert.equal((await authenticateRequest(request, verifier)).id, "user-1");
  for (const request of [
    undefined,
    null,
    "https://api.example/",
    {},
    { headers },
    { url: "/", headers: init.headers },
    { url: "/", headers: null, rawHeaders: [] },
    { url: "/", headers: init.headers, rawHeaders: "authorization" },
    new Headers(init.headers),
  ]) {
    const named = { code: "ERR_CONFIG", details: { fault: "configuration", subject: "request" } };
    await assert.rejects(authenticateRequest(request, verifier), named);
  }
});

test("the promise of a verifier is waited for, and what it is rejected with is thrown", async () => {
  const request = () => new Request("https://api.example/", { headers: { authorization: bearer } });
  const promised = JwtVerifier.create({ providers: { p: provider }, now: clock });
  assert.equal((await authenticateRequest(request(), promised, { scopes: ["read"] })).kind, "jwt");
  const scopes = ["write"];
  const refused = authenticateRequest(request(), promised, { scopes });
  scopes.length = 0;
  await assert.rejects(refused, { code: "ERR_TOKEN_SCOPE" });
  const known = StaticBearerVerifier.create({ [token]: "robot" });
  assert.equal((await authenticateRequest(request(), known)).key, "static||robot");
  assert.equal((await authenticateRequest(request(), Promise.resolve(spy()))).kind, "custom");
  await assert.rejects(authenticateRequest(request(), JwtVerifier.create({ providers: {} })), { code: "ERR_CONFIG" });
  for (const none of [Promise.resolve(undefined), Promise.resolve({}), {}, undefined])
    await assert.rejects(authenticateRequest(request(), none), { code: "ERR_CONFIG" });
});

test("a clock that throws is a mistake of the configuration, with the cause", async () => {
  const cause = new Error("no time");
  const now = () => {
    throw cause;
  };
  const own = await JwtVerifier.create({ providers: { p: provider }, now });
  const request = new Request("https://api.example/", { headers: { authorization: bearer } });
  for (const work of [() => own.verify(token), () => authenticateRequest(request, own)]) {
    const error = await work().catch((thrown) => thrown);
    assert.deepEqual([error.code, error.details.subject, error.cause], ["ERR_CONFIG", "now", cause]);
  }
});
