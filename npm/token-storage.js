// Where tokens are kept between two loads of a page, or between two isolates.

import { configError } from "./errors.js";

const SESSION_KEY = "arcgate.tokens";

/** The storage that an option names; `undefined` for memory. `name` tells clients of one origin apart. */
export function storageOf(option, name) {
  if (option === undefined || option === "memory") return undefined;
  if (option === "session") return sessionStorageOf(`${SESSION_KEY}:${name}`);
  if (option !== null && typeof option === "object") {
    const lacking = ["get", "put", "delete"].find((method) => typeof option[method] !== "function");
    if (lacking) throw configError("storage", `has no function \`${lacking}\`: a storage has get, put and delete`);
    return option;
  }
  throw configError("storage", 'must be "memory", "session", or an object with get, put and delete');
}

function sessionStorageOf(key) {
  if (typeof globalThis.sessionStorage !== "object")
    throw configError("storage", '"session" needs a page: there is no sessionStorage here');
  return {
    async get() {
      const text = sessionStorage.getItem(key);
      return text === null ? undefined : JSON.parse(text);
    },
    async put(tokens) {
      sessionStorage.setItem(key, JSON.stringify(tokens));
    },
    async delete() {
      sessionStorage.removeItem(key);
    },
  };
}
