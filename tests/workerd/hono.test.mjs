// arcgate/hono in workerd: the middleware finds the module by itself, and a promise that was made at the global scope serves all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { audience, issuer, makeSigner, present } from "../conformance/sign.mjs";
import { startWorkerd } from "../lib/bundled-worker.mjs";

test("requests at once are let in, or refused, by their tokens", async () => {
  const signer = await makeSigner();
  const providers = { main: { issuer, audience, jwks: { keys: [signer.jwk] } } };
  const worker = await startWorkerd(fileURLToPath(new URL("hono/index.js", import.meta.url)), {
    define: { PROVIDERS: JSON.stringify(providers), NOW: String(present * 1000) },
  });
  try {
    const ask = async (token) => {
      const headers = token && { authorization: `Bearer ${token}` };
      const response = await fetch(`${worker.url}/reports/mine`, { headers });
      return [response.status, await response.json()];
    };
    const good = await signer.sign({ scope: "read:reports", email: "a@example.com" });
    const outcomes = [
      [good, [200, { hello: "user-1", email: "a@example.com" }]],
      [undefined, [401, { error: "unauthorized" }]],
      [await signer.sign({ scope: "other" }), [403, { error: "insufficient_scope" }]],
      [`${good.slice(0, -8)}AAAAAAAA`, [401, { error: "unauthorized" }]],
    ];
    const answers = await Promise.all([...outcomes, ...outcomes].map(([token]) => ask(token)));
    assert.deepEqual(
      answers,
      [...outcomes, ...outcomes].map(([, answer]) => answer),
    );
  } finally {
    await worker.close();
  }
});
