import { exports } from "cloudflare:workers";
import { JwtVerifier, TokenManager } from "arcgate";
import { expect, test } from "vitest";
import { check } from "./check.mjs";

test("a token is verified", async () => {
  const line = await check({ JwtVerifier, TokenManager });
  const response = await exports.default.fetch("https://worker.example/");
  expect(await response.text()).toBe(line);
  console.log(line);
});
