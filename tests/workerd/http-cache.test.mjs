// Keys and metadata past the platform's HTTP cache: Workers of a compatibility date from before the option `cache` refuse it
// by throwing, and must get their keys all the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { claims, jws, makeKey, serve } from "../attacks/kit.mjs";
import { startWorkerd } from "../lib/bundled-worker.mjs";

const entry = fileURLToPath(new URL("jwks/index.js", import.meta.url));

for (const [date, isPast] of [
  ["2024-09-01", false],
  ["2026-10-01", true],
]) {
  test(`keys are had with the compatibility date ${date}`, async () => {
    const key = makeKey("ES256", "one");
    const requests = [];
    const provider = await serve((request, response) => {
      requests.push(request);
      const { url } = provider;
      const isMetadata = request.url.startsWith("/.well-known/");
      response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=86400" });
      response.end(JSON.stringify(isMetadata ? { issuer: url, jwks_uri: `${url}/keys` } : { keys: [key.jwk] }));
    });
    const worker = await startWorkerd(entry, {}, date);
    try {
      const options = { providers: { one: { issuer: provider.url, audience: "api" } } };
      await fetch(`${worker.url}/make`, { method: "POST", body: JSON.stringify({ name: "v", options }) });
      const authorization = `Bearer ${jws(key, claims({ iss: provider.url }))}`;
      const answer = await fetch(`${worker.url}/verify?name=v&pass=0`, { headers: { authorization } });
      assert.equal(await answer.text(), "alice");
      assert.deepEqual(
        requests.map(({ url }) => url),
        ["/.well-known/openid-configuration", "/keys"],
      );
      // What the platform makes of the option, on its way to whatever caches there are.
      for (const { headers } of requests) assert.equal(headers["cache-control"] === "no-cache", isPast);
      for (const { headers } of requests) assert.match(headers.accept, /application\/jwk-set\+json/);
    } finally {
      await worker.close();
      await provider.close();
    }
  });
}
