// A million tokens are verified, and no memory is kept of them. HS256: what signs them costs least.

import { test } from "node:test";
import { memory } from "../../pkg/platform/modules/verify.js";
import { authenticateRequest, JwtVerifier } from "../../pkg/verify.node.js";
import { audience, claims, issuer, jws, secretKey } from "../attacks/kit.mjs";
import { flat, scaled } from "./flat.mjs";

const secret = new Uint8Array(32).fill(7);
const key = secretKey("HS256", secret);
const exp = Math.floor(Date.now() / 1000) + 7200;
// Sizes vary, so that an allocator that can't use again what is freed shows it.
const token = (index) =>
  jws(key, claims({ exp, jti: `${index}`, sub: `user ${index % 1000}`, pad: "x".repeat((index * 37) % 700) }));

const verifierWith = (tokenCache) =>
  JwtVerifier.create({ providers: { one: { issuer, audience, secret } }, tokenCache });

test("distinct tokens, with a cache that they fill many times over", async (t) => {
  const verifier = await verifierWith({ maxEntries: 1000 });
  await flat(t, memory, scaled(1_000_000), (index) => verifier.verify(token(index)));
});

test("distinct tokens, without a cache", async (t) => {
  const verifier = await verifierWith(false);
  await flat(t, memory, scaled(1_000_000), (index) => verifier.verify(token(index)));
});

test("tokens that come again, of requests", async (t) => {
  const verifier = await verifierWith({ maxEntries: 1000 });
  const requests = Array.from({ length: 1500 }, (_, index) => {
    const headers = { authorization: `Bearer ${token(index)}` };
    return new Request("https://api.example/", { headers });
  });
  await flat(t, memory, scaled(1_000_000), (index) =>
    authenticateRequest(requests[Math.floor(index / 3) % requests.length], verifier),
  );
});
