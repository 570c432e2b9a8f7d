// `Retry-After` in both its forms, wherever a server may ask for patience: keys, metadata, tokens, ARC servers, and the upstream
// that a gate passes on. A date counts by the clock of the server that says it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcClient, JwtVerifier, TokenManager } from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { claims, jws, makeKey } from "../attacks/kit.mjs";
import { envelope } from "../lib/arc.mjs";

const NOW = Math.floor(Date.now() / 1000) * 1000;
const HOUR = 3_600_000;
const httpDate = (millis) => new Date(millis).toUTCString();
const weekday = (millis) => new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(millis);
// RFC 9110 §5.6.7: the two old forms of the same date.
const rfc850 = (millis) => {
  const [, day, month, year, time] = httpDate(millis).split(" ");
  return `${weekday(millis)}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
};
const asctime = (millis) => {
  const [name, day, month, year, time] = httpDate(millis).split(" ");
  return `${name.slice(0, 3)} ${month} ${day.replace(/^0/, " ")} ${time} ${year}`;
};

/** Header fields that ask for 90 seconds. */
const ninety = [
  { "retry-after": "90" },
  { "retry-after": httpDate(NOW + 90_000), date: httpDate(NOW) },
  { "retry-after": rfc850(NOW + 90_000), date: httpDate(NOW) },
  { "retry-after": asctime(NOW + 90_000), date: httpDate(NOW) },
  // A server whose clock is an hour ahead of ours, and one that is an hour behind.
  { "retry-after": httpDate(NOW + HOUR + 90_000), date: httpDate(NOW + HOUR) },
  { "retry-after": httpDate(NOW - HOUR + 90_000), date: httpDate(NOW - HOUR) },
];
const now = () => NOW;
const unavailable = (headers) => async () => new Response("", { status: 503, headers });
const waitOf = (promise) =>
  promise.then(
    () => assert.fail("it went through"),
    ({ retryable, details }) => {
      assert.equal(retryable, true);
      return details.retryAfterSec;
    },
  );

test("keys and the metadata before them", async () => {
  const issuer = "https://issuer.example";
  const token = jws(makeKey("ES256", "k"), claims({ iss: issuer }));
  for (const headers of ninety) {
    for (const more of [{}, { jwksUri: `${issuer}/keys` }]) {
      const providers = { p: { issuer, audience: "api", ...more } };
      const verifier = await JwtVerifier.create({ providers, now, fetch: unavailable(headers) });
      assert.equal(await waitOf(verifier.verify(token)), 90, JSON.stringify(headers));
    }
  }
});

test("tokens and the metadata before them", async () => {
  const machine = { type: "client_credentials", clientId: "c", clientSecret: "s" };
  for (const headers of ninety) {
    for (const place of [{ tokenEndpoint: "https://i.example/token" }, { issuer: "https://i.example" }]) {
      const manager = await TokenManager.create({ ...machine, ...place }, { now, fetch: unavailable(headers) });
      const wait = await waitOf(manager.getToken());
      assert.ok(wait >= 90 && wait < 120, `${JSON.stringify(headers)}: ${wait}`);
      manager.close();
    }
  }
});

test("an ARC server, as its client hears it", async () => {
  const options = { endpoint: "https://agents.example/arc", requestAgent: "me", token: "secret-token" };
  for (const headers of ninety) {
    const client = await ArcClient.create({ ...options, fetch: unavailable(headers) });
    const wait = await waitOf(client.task.create({ targetAgent: "a", initialMessage: { role: "user", parts: [] } }));
    assert.ok(wait >= 80 && wait <= 90, `${JSON.stringify(headers)}: ${wait}`);
  }
});

test("an upstream, as the gate's client hears it: always in seconds", async () => {
  const scopes = ["arc.task.controller", "arc.chat.controller", "arc.agent.caller"];
  const error = { code: -41009, message: "busy" };
  for (const headers of [...ninety, { "retry-after": "soon" }]) {
    const body = { arc: "1.0", id: "r1", responseAgent: "far", targetAgent: "me", result: null, error };
    const upstream = { fetch: async () => Response.json(body, { status: 503, headers }) };
    const worker = createWorker({
      verifier: { authenticate: async ({ token }) => ({ id: token, scopes }) },
      arc: { upstream, upstreamAuth: { mode: "passthrough" } },
    });
    const request = new Request("http://127.0.0.1:8787/arc", {
      method: "POST",
      body: JSON.stringify(envelope()),
      headers: { authorization: "Bearer alice", "content-type": "application/json" },
    });
    const answer = await worker.fetch(request, {}, { waitUntil() {} });
    assert.equal(answer.status, 503);
    const wait = answer.headers.get("retry-after");
    if (headers["retry-after"] === "soon") assert.equal(wait, null);
    else
      assert.ok(/^\d+$/.test(wait) && Number(wait) >= 80 && Number(wait) <= 90, `${JSON.stringify(headers)}: ${wait}`);
  }
});
