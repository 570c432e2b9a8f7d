import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../check.mjs";

test("a token is verified", async () => {
  console.log(await check({ JwtVerifier, TokenManager }));
});
