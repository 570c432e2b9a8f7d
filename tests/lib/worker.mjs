// The Worker and the provider for tests, each on a free port, and ended by the test that started them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../scripts/start/ports.mjs";
import { startWorker } from "../../scripts/start/worker.mjs";
import { startIdp as start } from "../idp/idp.mjs";

export { freePort };

/** The OpenID provider of tests/idp: see there for what a test can do with it. */
export async function startIdp(options = {}) {
  return start({ port: 0, ...options });
}

/**
 * The Worker under wrangler, with these variables (objects become JSON). `config` names another Worker's
 * wrangler.toml, for tests that bring their own. `log` collects what it logs; `restart()` ends it and starts it again, on the same
 * port and with what its objects have stored.
 */
export async function startWrangler(variables = {}, { port, ...options } = {}) {
  const state = mkdtempSync(join(tmpdir(), "arcgate-state-"));
  const log = [];
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const given = {
    port: port ?? (await freePort()),
    variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, text(value)])),
    persistTo: state,
    onLine: (line) => log.push(line),
    ...options,
  };
  let worker = await startWorker(given);
  const restart = async () => {
    await worker.close();
    worker = await startWorker(given);
  };
  const close = async () => {
    await worker.close();
    rmSync(state, { recursive: true, force: true });
  };
  return { ...worker, log, restart, close };
}

/** Both, the Worker trusting the provider: what `npm start` gives. */
export async function startBoth({ variables = {}, idp: idpOptions = {}, ...options } = {}) {
  const port = options.port ?? (await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const idp = await startIdp({ origins: [origin], resources: [`${origin}/arc`, `${origin}/arcp`], ...idpOptions });
  try {
    const PROVIDERS = { local: { issuer: idp.issuer, audience: [`${origin}/arc`, `${origin}/arcp`] } };
    const worker = await startWrangler({ PROVIDERS, ...variables }, { ...options, port });
    return { idp, worker, origin, close: async () => void (await Promise.all([worker.close(), idp.close()])) };
  } catch (error) {
    await idp.close();
    throw error;
  }
}
