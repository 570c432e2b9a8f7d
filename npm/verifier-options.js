// A verifier's options, as the core takes them.

import { ArcgateError, configError } from "./errors.js";

/** No secret, among the lengths of secrets. */
const NONE = 0xffffffff;
/** The options that are functions. */
export const functions = ["checkClaims", "isRevoked", "fetch", "now", "onEvent"];

/** The options as plain data, for the core; functions stay with JavaScript, and secrets go beside them. */
export function plainOptions(options) {
  const plain = {};
  const secrets = [];
  const lengths = [];
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) plain[key] = functions.includes(key) ? true : value;
  }
  if (options.jwksCache?.store) plain.jwksCache = { ...options.jwksCache, store: true };
  if (options.providers !== null && typeof options.providers === "object") {
    plain.providers = {};
    for (const [name, provider] of Object.entries(options.providers)) {
      if (provider === null || typeof provider !== "object")
        throw configError(`providers.${name}`, "must be an object");
      const { secret, ...rest } = provider;
      if (secret !== undefined) {
        if (!(secret instanceof Uint8Array)) throw configError(`providers.${name}.secret`, "must be a Uint8Array");
        secrets.push(...secret);
      }
      lengths.push(secret === undefined ? NONE : secret.length);
      plain.providers[name] = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    }
  }
  return { plain, secrets: Uint8Array.from(secrets), lengths: Uint32Array.from(lengths) };
}

/** Options as JSON. What JSON would drop or change without a word is refused. `name` is what the whole is called. */
export function asJson(plain, name = "options") {
  try {
    return JSON.stringify(plain, (key, value) => {
      const isPlain =
        typeof value === "number" ? Number.isFinite(value) : !["bigint", "function", "symbol"].includes(typeof value);
      if (isPlain) return value;
      throw configError(
        key || name,
        "holds what is not plain data: a function, a symbol, a BigInt, or no finite number",
      );
    });
  } catch (cause) {
    if (cause instanceof ArcgateError) throw cause;
    throw configError(name, "must be plain data, without cycles");
  }
}

/** The user's clock. One that gives no number would make it 1970, when nothing had expired yet. */
export function clock(now) {
  return () => {
    const millis = now();
    if (!Number.isFinite(millis)) throw configError("now", "must give milliseconds since 1970, as Date.now does");
    return millis;
  };
}
