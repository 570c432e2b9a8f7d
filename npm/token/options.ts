// The options of a TokenManager, as far as JavaScript has to look at them; the core checks the rest.

import { ArcgateError, configError } from "../errors.js";
import { dataJson, optionsJson, withoutFunctions } from "../platform/json.js";
import { checkKeys } from "../platform/options.js";
import type { WaitUntil } from "./actions.js";
import { type Signing, signingAlgorithm } from "./request.js";
import { isShared } from "./tabs.js";
import type { TokenManagerOptions, TokenSource } from "./types.js";

const functions = ["fetch", "now", "onEvent"];

interface CoreOptions {
  given: [source: string, options: string];
  signing: Signing | undefined;
  isShared: boolean;
}

/** Source and options as JSON, for the core: of functions and keys it learns only that they are there. And what it does not learn. */
export function coreOptions(source: TokenSource, options: TokenManagerOptions): CoreOptions {
  for (const [name, value] of Object.entries({ source, options })) {
    if (value === null || typeof value !== "object" || Array.isArray(value))
      throw configError(name, "must be an object");
  }
  const plainOptions = withoutFunctions(options, functions);
  const plainSource = source.type === "callback" ? withoutFunctions(source, ["fetchToken"], "source.") : { ...source };
  const { privateKey, algorithm } = source as { privateKey?: unknown; algorithm?: unknown };
  const signing = privateKey === undefined ? undefined : signingAlgorithm(privateKey, algorithm);
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
export function tokensJson(given: unknown, name: string): string {
  try {
    const isAnswer =
      Object.prototype.toString.call(given) === "[object Object]" &&
      typeof (given as { toJSON?: unknown }).toJSON !== "function";
    if (!isAnswer) return dataJson(given ?? null, name);
    const answer = given as Record<string, unknown>;
    return dataJson(Object.fromEntries(members.map((member) => [member, answer[member]])), name);
  } catch (cause) {
    if (cause instanceof ArcgateError) throw cause;
    throw configError(name, "can't be read");
  }
}

/** What a call asks for. */
export interface CallOptions {
  minValiditySec: number;
  forceRefresh: boolean;
  signal?: AbortSignal | undefined;
  waitUntil?: WaitUntil;
}

/** The options of `getToken`, `revoke` and `logout`, as far as there are `known` ones. */
export function callOptions(options: Partial<CallOptions> = {}, known: readonly string[]): CallOptions {
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
