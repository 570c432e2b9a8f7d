// The options of a TokenManager, as far as JavaScript has to look at them; the core checks the rest.

import { configError } from "./errors.js";

/** Options that the core learns nothing of. */
export const functions = ["fetch", "now", "onEvent"];

/** Refuses what is no object or function where one is needed. */
export function checkOptions(source, options) {
  for (const [name, value] of Object.entries({ source, options })) {
    if (value === null || typeof value !== "object") throw configError(name, "must be an object");
  }
  for (const name of functions) {
    if (options[name] !== undefined && typeof options[name] !== "function") {
      throw configError(name, "must be a function");
    }
  }
  if (source.type === "callback" && typeof source.fetchToken !== "function") {
    throw configError("source.fetchToken", "must be a function that gives a token");
  }
}

/** Options as plain data, for the core. What is named stays here: the core learns only that it is there. */
export function plain(options, here) {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, here.includes(name) ? true : value]));
}
