// A verifier's options, as the core takes them.

import { configError } from "../errors.js";
import { optionsJson, withoutFunctions } from "../platform/json.js";
import { checkRecord, entriesOf, membersOf } from "../platform/options.js";
import { isBytes } from "../platform/realms.js";
import { NO_SECRET } from "./numbers.js";
import type { JwtVerifierOptions } from "./types.js";

/** The options that are functions. */
const functions = ["checkClaims", "isRevoked", "fetch", "now", "onEvent"];

/** The options, and the secrets that go beside them: one after the other, with their lengths. */
interface CoreOptions {
  json: string;
  secrets: Uint8Array;
  lengths: Uint32Array;
}

/** The options as JSON, for the core; functions stay with JavaScript, and secrets go beside them. */
export function coreOptions(options: JwtVerifierOptions): CoreOptions {
  const plain = withoutFunctions(options, functions);
  const secrets: number[] = [];
  const lengths: number[] = [];
  if (options.jwksCache?.store !== undefined) {
    const { store } = options.jwksCache;
    if (typeof store?.get !== "function" || typeof store.put !== "function") {
      throw configError("jwksCache.store", "must be an object with the functions get and put");
    }
    plain.jwksCache = { ...membersOf(options.jwksCache), store: true };
  }
  if (options.providers !== null && typeof options.providers === "object") {
    const providers: Record<string, object> = {};
    plain.providers = providers;
    for (const [name, provider] of entriesOf(options.providers, "providers", "must be a record: name -> provider")) {
      checkRecord(provider, `providers.${name}`);
      const { secret, ...rest } = membersOf(provider, ["requiredScopes", "requiredClaims"]);
      if (secret !== undefined) {
        if (!isBytes(secret)) throw configError(`providers.${name}.secret`, "must be a Uint8Array");
        secrets.push(...secret);
      }
      lengths.push(secret === undefined ? NO_SECRET : secret.length);
      providers[name] = rest;
    }
  }
  const json = optionsJson(plain, ["jwksCache", "tokenCache", "providers.*"]);
  return { json, secrets: Uint8Array.from(secrets), lengths: Uint32Array.from(lengths) };
}
