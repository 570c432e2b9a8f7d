// One suite for every runtime: it uses the package's public API, and nothing that only one of them has.
// A runner hands over what it imported, and runs the tests one after the other.

import * as algorithms from "./algorithms.mjs";
import { assert } from "./assert.mjs";
import * as calls from "./calls.mjs";
import * as checks from "./checks.mjs";
import * as config from "./config.mjs";
import * as issuers from "./issuers.mjs";
import * as keys from "./keys.mjs";
import * as providers from "./providers.mjs";
import * as rfc from "./rfc.mjs";

/**
 * All tests: `[{ name, run }]`.
 * `arcgate`: the package. `wasm`: its module `verify`. `vectors`: `{ algorithms, rfc }`, read from tests/vectors.
 */
export function conformance({ arcgate, wasm, vectors }) {
  const context = { arcgate, wasm, vectors, assert };
  return [rfc, algorithms, config, providers, issuers, calls, checks, keys].flatMap(({ tests }) =>
    Object.entries(tests(context)).map(([name, run]) => ({ name, run })),
  );
}
