import assert from "node:assert/strict";
import test from "node:test";
import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "./check.mjs";

test("a token is verified", async () => {
  const line = await check({ JwtVerifier, TokenManager });
  assert.match(line, /^user-1 is let in/);
  console.log(line);
});
