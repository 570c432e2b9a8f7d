// Who is measured, and the requests that all of them are sent.

import { audience, issuer, tokensOf } from "../tokens.mjs";
import { requestOf } from "./load.mjs";

export const algorithms = ["ES256", "RS256"];

/**
 * The arms: a Worker of its own, or a check in the Worker that all checks share.
 */
export const arms = {
  bare: { label: "bare", check: "bare" },
  verify: { label: "+ bare `subtle.verify`", check: "bare-verify" },
  jose: { label: "jose", check: "jose" },
  hono: { label: "Hono, `jwk`", worker: "hono" },
  authenticate: { label: "`authenticateRequest`", check: "authenticate" },
  logging: { label: "bare: body, fields, log", worker: "logging" },
  arc: { label: "`POST /arc`, `echo`", worker: "arc" },
  forwarder: { label: "bare forwarder with jose", worker: "forwarder", hasUpstream: true },
  upstream: { label: "`POST /arc`, upstream", worker: "arc", hasUpstream: true },
};

// A request of ARC. Those who do not speak it read nothing of it.
const body = JSON.stringify({
  arc: "1.0",
  id: "r1",
  method: "task.create",
  requestAgent: "bench",
  targetAgent: "echo",
  params: { initialMessage: { role: "user", parts: [{ type: "TextPart", content: "hello" }] } },
});

/** So many requests of each algorithm, each with a token of its own, and what a server must know to let them in. */
export async function requestsOf(count, wanted = algorithms) {
  const requests = {};
  const keys = [];
  for (const algorithm of wanted) {
    process.stderr.write(`requests: ${count} tokens, ${algorithm} …\n`);
    const { tokens, jwk } = await tokensOf(algorithm, count);
    requests[algorithm] = tokens.map((token) => requestOf(token, body));
    keys.push(jwk);
  }
  return { requests, setup: { keys, issuer, audience } };
}
