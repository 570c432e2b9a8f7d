// verifyJws: one JWS against keys that the caller hands over. No claims.

import { ArcgateError, toArcgateError } from "./errors.js";
import { checkSignature, importKey } from "./subtle.js";
import { bindings, ready, recoverFrom } from "./wasm.js";

// The core refuses a longer one too; but its memory would have grown to hold it, and memory never shrinks.
const MAX_JWS = 16 * 1024;

/** Verifies a compact JWS (RFC 7515) with one of the given keys. */
export async function verifyJws(jws, keys, options) {
  if (typeof jws !== "string" || jws.length > MAX_JWS) {
    const problem = typeof jws === "string" ? "is longer than 16 kB" : "is not a string";
    throw new ArcgateError("ERR_TOKEN_MALFORMED", `the JWS ${problem}`, { details: { fault: "caller" } });
  }
  await ready();
  const check = open(jws, keys, options?.algorithms);
  let key;
  try {
    key = await importKey(check.algorithm, check.jwk, check.secret);
  } catch (cause) {
    throw new ArcgateError("ERR_KEY_NOT_FOUND", "WebCrypto does not take the key", {
      details: { fault: "caller" },
      cause,
    });
  }
  const data = new TextEncoder().encode(jws.slice(0, check.signingInputLen));
  if (!(await checkSignature(check.algorithm, key, check.signature, data))) {
    throw new ArcgateError("ERR_TOKEN_SIGNATURE", "the signature is not that of the key", {
      details: { fault: "caller" },
    });
  }
  return { header: JSON.parse(check.header), payload: check.payload };
}

// Everything is taken out at once, so that no object of the core outlives this call.
function open(jws, keys, algorithms) {
  let check;
  try {
    check = new bindings.JwsCheck(jws, JSON.stringify(keys ?? null), JSON.stringify(algorithms ?? null));
    return {
      algorithm: check.algorithm(),
      jwk: check.jwk(),
      secret: check.secret(),
      signature: check.signature(),
      signingInputLen: check.signingInputLen(),
      header: check.header(),
      payload: check.payload(),
    };
  } catch (thrown) {
    if (recoverFrom(thrown)) check = undefined;
    throw toArcgateError(thrown);
  } finally {
    check?.free();
  }
}
