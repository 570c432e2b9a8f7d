import { JwtVerifier, TokenManager } from "arcgate";
import * as client from "arcgate/client";
import * as verify from "arcgate/verify";
import { expect, test } from "vitest";
import { check } from "./check.mjs";

test("a token is verified", async () => {
  const line = await check({ JwtVerifier, TokenManager });
  expect(await check({ JwtVerifier: verify.JwtVerifier, TokenManager: client.TokenManager })).toBe(line);
  console.log(line);
});

test.each([new Uint8Array(32), Buffer.alloc(32), new TextEncoder().encode("s".repeat(32))])(
  "bytes are bytes",
  (secret) =>
    JwtVerifier.create({ providers: { own: { issuer: "own", audience: "own", algorithms: ["HS256"], secret } } }),
);
