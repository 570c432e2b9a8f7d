// POST /arc in workerd: pages' origins, hosts, verifiers, and the other routes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { envelope, postArc, rawRequest, streamed } from "../lib/arc.mjs";
import { upgrade } from "../lib/arcp.mjs";
import { logged } from "../lib/logged.mjs";
import { post, url, worker } from "./arc-worker/started.mjs";

test("CORS: on every answer for allowed origins, on none for others", async () => {
  const page = { origin: "https://app.example" };
  const answers = [
    await post({ headers: page }),
    await post({ headers: page, token: undefined }),
    await post({ headers: page, token: "outage" }),
    await post({ headers: page, token: "bug" }),
    await post({ headers: page, body: "{" }),
    await post({ headers: page, body: envelope({ extra: "x".repeat(3000) }) }),
    await post({ headers: { ...page, "content-type": "text/plain" } }),
    await post({ headers: page, body: streamed("echo", "x") }),
    await post({ headers: page, method: "GET" }),
  ];
  for (const { status, headers } of answers) {
    assert.equal(headers.get("access-control-allow-origin"), page.origin, status);
    assert.match(headers.get("access-control-expose-headers"), /WWW-Authenticate/, status);
    assert.equal(headers.get("access-control-allow-credentials"), null, status);
    assert.equal(headers.get("vary"), "Origin", status);
  }
  const same = await post({ headers: { origin: url } });
  assert.equal(same.headers.get("access-control-allow-origin"), url);
  const preflight = await postArc(url, {
    method: "OPTIONS",
    headers: {
      ...page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type",
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-methods"), "POST");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "Authorization, Content-Type");
  for (const origin of ["https://evil.example", "null", "https://app.example.evil", "http://app.example"]) {
    for (const method of ["POST", "OPTIONS"]) {
      const { status, headers } = await post({ method, headers: { origin } });
      assert.equal(status, 403, origin);
      assert.equal(headers.get("access-control-allow-origin"), null, origin);
    }
  }
});

test("hosts: a page under another name is refused, and configured hosts hold for everybody", async () => {
  const body = JSON.stringify(envelope());
  const good = { authorization: "Bearer good" };
  const rebound = await rawRequest(url, {
    host: "evil.example",
    headers: { ...good, origin: "http://evil.example" },
    body,
  });
  assert.equal(rebound.status, 421);
  assert.equal(rebound.headers["access-control-allow-origin"], undefined);
  assert.equal((await rawRequest(url, { path: "/hosts/arc", headers: good, body })).status, 421);
  assert.equal((await rawRequest(url, { path: "/hosts/arc", host: "gate.example", headers: good, body })).status, 200);
});

test("a verifier for development runs under DEV_MODE, here, and for pages from here", async () => {
  const dev = (options) => postArc(url, { path: "/dev/arc", token: "anyone", ...options });
  assert.equal((await dev()).status, 200);
  assert.equal((await dev({ headers: { origin: url } })).status, 200);
  for (const headers of [{ "cf-ray": "1" }, { "cdn-loop": "cloudflare" }])
    assert.equal((await dev({ headers })).status, 401);
  const elsewhere = { path: "/dev/arc", host: "gate.example", body: JSON.stringify(envelope()) };
  assert.equal((await rawRequest(url, { ...elsewhere, headers: { authorization: "Bearer anyone" } })).status, 401);
  assert.equal((await rawRequest(url, { ...elsewhere, headers: { authorization: "Bearer known" } })).status, 200);
});

test("a verifier is made once", async () => {
  const lines = await Promise.all(Array.from({ length: 5 }, () => postArc(url, { path: "/lazy/arc", token: "x" })));
  assert.ok(
    lines.every(({ status }) => status === 200),
    "and an audit callback that fails changes nothing",
  );
});

test("the other routes", async () => {
  const get = async (path, method = "GET") => {
    const response = await fetch(`${url}${path}`, { method });
    return [response.status, method === "HEAD" ? "" : JSON.parse(await response.text())];
  };
  assert.deepEqual(await get("/healthz"), [200, { status: "ok" }]);
  assert.equal((await get("/healthz", "POST"))[0], 405);
  assert.equal((await get("/arcp"))[0], 426, "a WebSocket, or nothing");
  // Agents over ARCP need a Durable Object, which this Worker doesn't have; what is missing is in the log.
  assert.equal((await upgrade(url, { path: "/arcp" })).status, 503);
  await logged(worker.log, /bind RuntimeHub as RUNTIME_HUB/);
  assert.equal((await get("/nothing"))[0], 404);
  assert.equal((await get("/arc", "HEAD"))[0], 405);
});
