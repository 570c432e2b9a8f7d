// What was read of a token that was seen before is handed out for as long as the core says that the token is good, and no longer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticateRequest, JwtVerifier } from "../../pkg/entry.node.js";
import { verify as module } from "../../pkg/platform/modules/verify.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const create = (options = {}, provider = {}) =>
  JwtVerifier.create({
    providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] }, ...provider } },
    now: clock,
    ...options,
  });
const request = (token) => new Request("https://w.example/", { headers: { authorization: `Bearer ${token}` } });
const token = await signer.sign({ scope: "read write", sub: "alice" });

test("what was said of a token is said no more when it has ended, its keys changed, or it was revoked", async () => {
  let time = clock();
  const ends = await create({ now: () => time });
  const seen = async (verifier) => {
    for (let turn = 0; turn < 3; turn += 1) await authenticateRequest(request(token), verifier);
  };
  await seen(ends);
  time += 48 * 3600 * 1000;
  await assert.rejects(authenticateRequest(request(token), ends), { code: "ERR_TOKEN_EXPIRED" });

  let revoked = false;
  const asking = await create({ isRevoked: () => revoked });
  await seen(asking);
  revoked = true;
  await assert.rejects(authenticateRequest(request(token), asking), { code: "ERR_TOKEN_REVOKED" });

  // Other keys under the same names: the token is looked at anew.
  const other = await makeSigner();
  let keys = [signer.jwk];
  let later = clock();
  const fetching = await create(
    { now: () => later, fetch: async () => Response.json({ keys }), jwksCache: { maxAgeSec: 60 } },
    { jwks: undefined, jwksUri: `${issuer}/keys` },
  );
  await seen(fetching);
  keys = [{ ...other.jwk, kid: signer.jwk.kid }];
  later += 3600 * 1000 - 60_000;
  await assert.rejects(
    authenticateRequest(request(await signer.sign({ exp: Math.floor(later / 1000) + 600 })), fetching),
    {
      code: "ERR_TOKEN_SIGNATURE",
    },
  );
});

test("after a trap nothing of the old instance is handed out, and requirements are told anew", async () => {
  const verifier = await create();
  for (let turn = 0; turn < 3; turn += 1) await authenticateRequest(request(token), verifier, { scopes: ["read"] });
  await assert.rejects(authenticateRequest(request(token), verifier, { scopes: ["admin"] }), {
    code: "ERR_TOKEN_SCOPE",
  });
  const bob = await signer.sign({ sub: "bob" });
  const under = authenticateRequest(request(bob), verifier, { scopes: ["admin"] });
  assert.throws(() => module.call("trapForTests"));
  await assert.rejects(under, { code: "ERR_TOKEN_SCOPE" });
  await assert.rejects(authenticateRequest(request(token), verifier, { scopes: ["admin"] }), {
    code: "ERR_TOKEN_SCOPE",
  });
  // The first token of the new instance has the first one's number.
  assert.equal((await authenticateRequest(request(bob), verifier)).id, "bob");
  assert.equal((await authenticateRequest(request(bob), verifier)).id, "bob");
  assert.equal((await authenticateRequest(request(token), verifier)).id, "alice");
});
