// The public API. Every class is made by its `create` or `connect`, which loads the WebAssembly module that it needs by itself.
// Times: `...Sec` in seconds, `...Ms` in milliseconds, instants as NumericDate (seconds since 1970).

import { client } from "../platform/modules/client.js";
import { verify } from "../platform/modules/verify.js";
import { checkKeys } from "../platform/options.js";
import type { Source } from "../platform/types.js";

// By way of the subpaths, so that a bundler which is asked for a class of one does not look at the other.
export * from "./client.js";
export * from "./verify.js";

/**
 * Loads the modules early, so that the first verification or token needn't wait for it: those that are named, from where it says, or
 * without a name both, from beside this package's files. Nobody has to call it. What is to come from elsewhere must be said before
 * the first use: a second place for one module is ERR_CONFIG. In Workers nothing else can be given: bundle `arcgate/verify` there.
 */
export async function ready(options: { verify?: Source; client?: Source } = {}): Promise<void> {
  checkKeys(options, ["verify", "client"]);
  const { verify: verifier, client: clients } = options;
  const isAll = verifier === undefined && clients === undefined;
  const loads: Promise<void>[] = [];
  if (isAll || verifier !== undefined) loads.push(verify.ready(verifier, "verify"));
  if (isAll || clients !== undefined) loads.push(client.ready(clients, "client"));
  await Promise.all(loads);
}
