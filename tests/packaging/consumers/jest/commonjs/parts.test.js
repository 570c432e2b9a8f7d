import { TokenManager } from "arcgate/client";
import { JwtVerifier } from "arcgate/verify";
import { check } from "../check.mjs";

test("a token is verified, by the subpaths", async () => {
  expect(await check({ JwtVerifier, TokenManager })).toMatch(/^user-1 is let in/);
});
