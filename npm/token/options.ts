// @ts-nocheck
// The options of a TokenManager, as far as JavaScript has to look at them; the core checks the rest.

import { ArcgateError, configError } from "../errors.js";
import { dataJson, optionsJson, withoutFunctions } from "../platform/json.js";
import { checkKeys } from "../platform/options.js";
import { signingAlgorithm } from "./request.js";
import { isShared } from "./tabs.js";

const functions = ["fetch", "now", "onEvent"];

/** Source and options as JSON, for the core: of functions and keys it learns only that they are there. And what it does not learn. */
export function coreOptions(source, options) {
  for (const [name, value] of Object.entries({ source, options })) {
    if (value === null || typeof value !== "object" || Array.isArray(value))
      throw configError(name, "must be an object");
  }
  const plainOptions = withoutFunctions(options, functions);
  const plainSource = source.type === "callback" ? withoutFunctions(source, ["fetchToken"], "source.") : { ...source };
  const signing = source.privateKey !== undefined && signingAlgorithm(source.privateKey, source.algorithm);
  if (signing) Object.assign(plainSource, { privateKey: true, algorithm: signing.name });
  const isSharing = isShared(source, options);
  if (Object.hasOwn(options, "hasStorage"))
    throw configError("hasStorage", "is not an option; did you mean `storage`?");
  plainOptions.hasStorage = (options.storage ?? "memory") !== "memory";
  plainOptions.shareAcrossTabs = isSharing;
  if (options.storage !== undefined) plainOptions.storage = true;
  return { given: [optionsJson(plainSource, [], "source"), optionsJson(plainOptions)], signing, isShared: isSharing };
}

// What is read of a token endpoint's answer. Of the objects that libraries give there may be more in it, methods too.
const members = ["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "id_token", "scope"];

/** Tokens that somebody gives, as JSON: the token, or a token endpoint's answer. What is no data is an error, and does not vanish. */
export function tokensJson(given, name) {
  try {
    const isAnswer = Object.prototype.toString.call(given) === "[object Object]" && typeof given.toJSON !== "function";
    if (!isAnswer) return dataJson(given ?? null, name);
    return dataJson(Object.fromEntries(members.map((member) => [member, given[member]])), name);
  } catch (cause) {
    if (cause instanceof ArcgateError) throw cause;
    throw configError(name, "can't be read");
  }
}

/** The options of `getToken`, `revoke` and `logout`, as far as there are `known` ones. */
export function callOptions(options = {}, known) {
  checkKeys(options, known);
  const { minValiditySec = 0, forceRefresh = false, signal, waitUntil } = options;
  if (!(typeof minValiditySec === "number" && minValiditySec >= 0)) {
    throw configError("minValiditySec", "must be a number of seconds");
  }
  if (typeof forceRefresh !== "boolean") throw configError("forceRefresh", "must be true or false");
  if (
    signal !== undefined &&
    signal !== null &&
    !(typeof signal?.aborted === "boolean" && typeof signal.addEventListener === "function")
  ) {
    throw configError("signal", "must be an AbortSignal");
  }
  if (waitUntil !== undefined && typeof waitUntil !== "function") throw configError("waitUntil", "must be a function");
  return { minValiditySec, forceRefresh, signal, waitUntil };
}
