// verifyJws: one JWS against keys that the caller hands over. No claims.

import { ArcgateError, configError, toArcgateError } from "../errors.js";
import { dataJson } from "../platform/json.js";
import { ready, recoverFrom, verify } from "../platform/modules/verify.js";
import { checkKeys } from "../platform/options.js";
import { isBufferSource, isCryptoKey } from "../platform/realms.js";
import type { JwsCheck } from "../wasm/verify.js";
import { MAX_TOKEN } from "./numbers.js";
import type { Algorithm, Jwk, Jwks } from "./provider-types.js";
import { checkSignature, importKey } from "./webcrypto.js";

// The core refuses a longer one too; but its memory would have grown to hold it, and memory never shrinks.
const MAX_JWS = MAX_TOKEN;

/**
 * Verifies one compact JWS (RFC 7515) with the keys handed over, and looks at no claims. A key that stands alone is used
 * whatever `kid` says; of a set, the `kid` chooses, and without any `kid` each of up to four keys is tried. A set that mixes
 * shared secrets with public keys, or has a `kid` twice, is ERR_CONFIG.
 *
 * ```js
 * import { verifyJws } from "arcgate";
 *
 * const jwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
 *
 * async function textOf(jws) {
 *   const { payload } = await verifyJws(jws, jwk, { algorithms: ["Ed25519"] });
 *   return new TextDecoder().decode(payload);
 * }
 * ```
 */
export async function verifyJws(
  jws: string,
  keys: Jwk | Jwks,
  options: { algorithms: readonly Algorithm[] },
): Promise<{ header: Record<string, unknown>; payload: Uint8Array }> {
  if (typeof jws !== "string" || jws.length > MAX_JWS) {
    const problem = typeof jws === "string" ? "is longer than 16 kB" : "is not a string";
    throw new ArcgateError("ERR_TOKEN_MALFORMED", `the JWS ${problem}`, { details: { fault: "caller" } });
  }
  const given = plainKeys(keys);
  if (options !== undefined && options !== null) checkKeys(options, ["algorithms"]);
  const algorithms: unknown = options?.algorithms;
  if (!Array.isArray(algorithms) || !algorithms.every((name) => typeof name === "string"))
    throw configError("algorithms", "must list the names of the algorithms that are accepted");
  await ready();
  const check = open(jws, given, JSON.stringify(algorithms));
  const data = new TextEncoder().encode(jws.slice(0, check.signingInputLen));
  let refusal: ArcgateError | undefined;
  for (const { jwk, secret } of check.keys) {
    let key: CryptoKey;
    try {
      key = await importKey(check.algorithm, jwk, secret);
    } catch (cause) {
      refusal ??= new ArcgateError("ERR_KEY_NOT_FOUND", "WebCrypto does not take the key", {
        details: { fault: "caller" },
        cause,
      });
      continue;
    }
    if (await checkSignature(check.algorithm, key, check.signature, data))
      return { header: JSON.parse(check.header), payload: check.payload };
    refusal = new ArcgateError("ERR_TOKEN_SIGNATURE", "the signature is not that of the key", {
      details: { fault: "caller" },
    });
  }
  throw refusal;
}

// Keys are JWKs, which are plain data. Everything else that one may think of as a key has a way of becoming one.
function plainKeys(keys: unknown): string {
  if (isCryptoKey(keys))
    throw configError("keys", 'is a CryptoKey: give it as a JWK, by crypto.subtle.exportKey("jwk", …)');
  if (Array.isArray(keys)) throw configError("keys", "is a list: give a JWK, or a set of them as { keys: […] }");
  if (isBufferSource(keys))
    throw configError("keys", 'is bytes: give a shared secret as a JWK, { kty: "oct", k: … in base64url }');
  if (typeof keys === "string") throw configError("keys", "is text: parse its JSON, or turn its PEM into a JWK");
  if (keys === null || typeof keys !== "object" || typeof (keys as { then?: unknown }).then === "function")
    throw configError("keys", "must be a JWK, or a set of them as { keys: […] }");
  return dataJson(keys, "keys");
}

// Everything is taken out at once, so that no object of the core outlives this call.
function open(jws: string, keys: string, algorithms: string) {
  let check: JwsCheck | undefined;
  try {
    const opened = new verify.bindings.JwsCheck(jws, keys, algorithms);
    check = opened;
    return {
      algorithm: opened.algorithm(),
      keys: Array.from({ length: opened.keys() }, (_, index) => ({
        jwk: opened.jwk(index),
        secret: opened.secret(index),
      })),
      signature: opened.signature(),
      signingInputLen: opened.signingInputLen(),
      header: opened.header(),
      payload: opened.payload(),
    };
  } catch (thrown) {
    if (recoverFrom(thrown)) check = undefined;
    throw toArcgateError(thrown);
  } finally {
    check?.free();
  }
}
