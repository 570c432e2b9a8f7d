// Where there is no WebCrypto: pages on plain http, a jsdom.

import assert from "node:assert/strict";
import { test } from "node:test";
import { JwtVerifier } from "../../pkg/entry.node.js";

test("a verifier says that WebCrypto is missing, and blames no provider's keys", async (t) => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  t.after(() => Object.defineProperty(globalThis, "crypto", own));
  // As a page on http has it: random values, and no more.
  const { getRandomValues } = crypto;
  Object.defineProperty(globalThis, "crypto", { value: { getRandomValues }, configurable: true });
  const options = { providers: { p: { issuer: "https://issuer.example", audience: "https://api.example" } } };
  await assert.rejects(JwtVerifier.create(options), {
    code: "ERR_CONFIG",
    retryable: false,
    message: /^`JwtVerifier` needs WebCrypto, which pages have on https and on localhost only/,
  });
});
