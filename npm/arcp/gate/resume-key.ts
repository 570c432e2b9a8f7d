// The key under which resume tokens are sealed.

import { configError } from "../../errors.js";
import { isBytes } from "../../platform/realms.js";
import { base64url } from "../../token/request.js";
import type { Sealer } from "./settings.js";

const encoder = new TextEncoder();

/**
 * A function that computes the code of a text, in base64url. `secret` is a string or bytes, 32 at least; without one the key is
 * random, and no session can be resumed through another isolate.
 */
export function resumeSealer(secret: unknown, path = "arcp.resumeKey"): Sealer {
  if (secret !== undefined) {
    if (!isSecret(secret) || bytesOf(secret).length < 32)
      throw configError(path, "must be a string or bytes, 32 at least");
  }
  const given = secret === undefined ? undefined : bytesOf(secret);
  let key: CryptoKey | undefined;
  return async (text) => {
    // Kept once it is there: what one request waits for must not be another request's promise.
    key ??= await derive(given ?? crypto.getRandomValues(new Uint8Array(32)));
    return base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))));
  };
}

/**
 * What a key can be derived from where none is configured: the gate's own signing key. Never a token, which may be weak: whoever
 * holds a code that was made with it could try tokens against it, without asking anybody.
 */
export function secretOf(upstreamAuth: unknown): string | Uint8Array | undefined {
  const { key } = Object(upstreamAuth);
  if (isBytes(key)) return key;
  if (typeof key?.d === "string") return key.d.padEnd(32, "=");
  return undefined;
}

// HKDF (RFC 5869): the secret may be in use for something else.
async function derive(secret: Uint8Array): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", Uint8Array.from(secret), "HKDF", false, ["deriveKey"]);
  const parameters = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: encoder.encode("arcgate resume tokens"),
  };
  return crypto.subtle.deriveKey(parameters, material, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
}

function isSecret(secret: unknown): secret is string | Uint8Array {
  return typeof secret === "string" || isBytes(secret);
}

function bytesOf(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? encoder.encode(secret) : secret;
}
