import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../check.mjs";

test("a token is verified", async () => {
  console.log(await check({ JwtVerifier, TokenManager }));
});

// In a jsdom these are of two realms.
test.each([new Uint8Array(32), Buffer.alloc(32), new TextEncoder().encode("s".repeat(32))])(
  "bytes are bytes",
  (secret) =>
    JwtVerifier.create({ providers: { own: { issuer: "own", audience: "own", algorithms: ["HS256"], secret } } }),
);
