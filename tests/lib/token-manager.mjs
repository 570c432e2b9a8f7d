// TokenManagers that end with their file's tests, and what their errors must be.

import assert from "node:assert/strict";
import { after } from "node:test";
import { ArcgateError, TokenManager } from "../../pkg/entry.node.js";

const managers = [];
after(() => {
  for (const manager of managers) manager.close();
});

/** A manager that is closed after the file's tests. */
export async function create(source, options) {
  const manager = await TokenManager.create(source, options);
  managers.push(manager);
  return manager;
}

/** For `assert.rejects`: an ArcgateError of this code, of which `check` says nothing else. */
export const fails =
  (code, check = () => true) =>
  (error) => {
    assert.ok(error instanceof ArcgateError, String(error));
    assert.equal(error.code, code, error.message);
    return check(error) ?? true;
  };

/** A storage that shows what is in it, as `tokens`. */
export function memoryStorage() {
  const storage = {
    tokens: undefined,
    get: async () => structuredClone(storage.tokens),
    put: async (tokens) => {
      storage.tokens = structuredClone(tokens);
    },
    delete: async () => {
      storage.tokens = undefined;
    },
  };
  return storage;
}
