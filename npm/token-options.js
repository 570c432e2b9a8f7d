// The options of a TokenManager, as far as JavaScript has to look at them; the core checks the rest.

import { configError } from "./errors.js";
import { optionsJson, withoutFunctions } from "./plain.js";
import { isShared } from "./tabs.js";
import { signingAlgorithm } from "./token-request.js";

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
