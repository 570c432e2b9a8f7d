// Using a verifier with one's own checks: claims, revocation, scopes.

import { makeSigner, present } from "./sign.mjs";
import { makers } from "./verifiers.mjs";

export function tests(context) {
  const {
    arcgate: { ArcgateError },
    assert,
  } = context;
  const { create } = makers(context);

  return {
    "checkClaims runs every time, hits included, on verified tokens only": async () => {
      const seen = [];
      const { signer, verifier } = await create({
        checkClaims: async (token) => {
          seen.push(token.claims.sub);
          if (token.claims.sub === "mallory") throw new Error("not her");
        },
      });
      const token = await signer.sign();
      await verifier.verify(token);
      await verifier.verify(token);
      assert.same(seen, ["user-1", "user-1"]);
      const error = await assert.refused(
        verifier.verify(await signer.sign({ sub: "mallory" })),
        "ERR_TOKEN_CLAIM",
        /checkClaims/,
      );
      assert.equal(error.cause.message, "not her");
      const evil = await makeSigner();
      await assert.refused(verifier.verify(await evil.sign()), "ERR_TOKEN_SIGNATURE");
      await assert.refused(verifier.verify(await signer.sign({ exp: present - 60 })), "ERR_TOKEN_EXPIRED");
      assert.equal(seen.length, 3);
    },

    "an ArcgateError of checkClaims comes through as it is": async () => {
      const own = new ArcgateError("ERR_TOKEN_SCOPE", "not enough");
      const { signer, verifier } = await create({
        checkClaims: () => {
          throw own;
        },
      });
      assert.equal(await assert.refused(verifier.verify(await signer.sign()), "ERR_TOKEN_SCOPE"), own);
    },

    "isRevoked is asked on hits too": async () => {
      const revoked = new Set();
      let asked = 0;
      const { signer, verifier } = await create({
        isRevoked: async ({ claims }) => {
          asked += 1;
          return revoked.has(claims.jti);
        },
      });
      const token = await signer.sign({ jti: "one" });
      await verifier.verify(token);
      await verifier.verify(token);
      assert.equal(asked, 2);
      revoked.add("one");
      await assert.refused(verifier.verify(token), "ERR_TOKEN_REVOKED");
      revoked.delete("one");
      await verifier.verify(token);
    },

    "a revocation list that is out of reach is an outage, not a yes": async () => {
      const { signer, verifier } = await create({ isRevoked: () => Promise.reject(new Error("storage")) });
      const error = await verifier.verify(await signer.sign()).catch((thrown) => thrown);
      assert.equal(error.code, "ERR_VERIFIER_UNAVAILABLE");
      assert.ok(error.retryable);
      assert.equal(error.cause.message, "storage");
    },

    "scopes for one call: strings and lists, hits included": async () => {
      const { signer, verifier } = await create();
      for (const claims of [{ scope: "read write" }, { scp: ["read", "write"] }, { scope: "read", scp: ["write"] }]) {
        const token = await signer.sign(claims);
        for (let round = 0; round < 2; round += 1) {
          assert.same((await verifier.verify(token, { scopes: ["read"] })).scopes, ["read", "write"]);
          await verifier.verify(token, { scopes: ["write", "read"] });
          const error = await assert.refused(
            verifier.verify(token, { scopes: ["read", "admin"] }),
            "ERR_TOKEN_SCOPE",
            /admin/,
          );
          assert.equal(error.details.subject, "admin");
        }
      }
      await assert.refused(
        verifier.verify(await signer.sign({ scope: "readwrite" }), { scopes: ["read"] }),
        "ERR_TOKEN_SCOPE",
      );
    },

    "scopes that hold a space are one scope": async () => {
      const { signer, verifier } = await create({}, { scopeClaims: ["roles"] });
      const token = await signer.sign({ roles: ["Read All", "write"] });
      assert.same((await verifier.verify(token, { scopes: ["Read All", "write"] })).scopes, ["Read All", "write"]);
      await assert.refused(verifier.verify(token, { scopes: ["Read"] }), "ERR_TOKEN_SCOPE", /Read/);
      const odd = await signer.sign({ roles: ["admin\nwrite"] });
      assert.same((await verifier.verify(odd)).scopes, ["admin\nwrite"]);
      await assert.refused(verifier.verify(odd, { scopes: ["write"] }), "ERR_TOKEN_SCOPE");
    },

    "requiredScopes: without a scope claim the message names the claims that were seen": async () => {
      const { signer, verifier } = await create({}, { requiredScopes: ["read"] });
      await assert.refused(
        verifier.verify(await signer.sign({ roles: ["read"] })),
        "ERR_TOKEN_SCOPE",
        /scopeClaims.*roles/,
      );
    },
  };
}
