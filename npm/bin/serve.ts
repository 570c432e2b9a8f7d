// `arcgate serve`: the package's gate under workerd.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { variables as known, meantBy } from "../worker/env/names.js";
import { addressOf, checkFree, clearSocket, portOf, revocationsOf } from "./addresses.js";
import type { ServeOptions } from "./arguments.js";
import { authoritiesFrom } from "./authorities.js";
import { configuration } from "./configuration.js";
import { descriptorLimit, fitting } from "./descriptors.js";
import { hold, makeFolder } from "./folder.js";
import { Refused } from "./refused.js";
import { runUntilAsked } from "./run.js";
import { variablesFrom } from "./variables.js";
import { findWorkerd } from "./workerd.js";

const folder = fileURLToPath(new URL("..", import.meta.url));

/** What is said of the gate itself. Its log, which is JSON, is standard output's. */
function say(line: string): void {
  process.stderr.write(`arcgate: ${line}\n`);
}

/** Serves until it is asked to end; gives the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { env, names, doubtful } = variablesFrom(process.env, options.vars);
  const host = options.host ?? (env.HOST || "127.0.0.1");
  const port = portOf(options.port ?? (env.PORT || "8787"), options.port === undefined ? "PORT" : "--port");
  const address = addressOf(host, port);
  const state = resolve(options.data ?? "arcgate-data");
  const { revocations, without } = revocationsOf(options.revocations, state, process.platform);
  const limit = fitting(descriptorLimit(), env.MAX_CONNECTIONS);
  const { maxConnections = env.MAX_CONNECTIONS } = limit;
  // A configuration that is written down is for another environment: one that is not set is null there.
  const always: readonly string[] = options.printConfig ? known : [];
  const variables = [...new Set([...always, ...names, ...(maxConnections ? ["MAX_CONNECTIONS"] : [])])];
  const authorities = authoritiesFrom(options.ca);
  const text = configuration(folder, { address, state, revocations, authorities, variables });
  if (options.printConfig) {
    process.stdout.write(text);
    return 0;
  }
  const { program, version } = findWorkerd(process.cwd());
  if (port !== 0) await checkFree(host, port);
  // Its socket and its data are this user's alone, in a folder that was there before, too.
  process.umask(0o077);
  makeFolder(state);
  const { lock, warning, release } = await hold(state);
  let own: string | undefined;
  try {
    await clearSocket(revocations);
    own = makeOwn();
    const file = join(own, "arcgate.capnp");
    writeFileSync(file, text);
    say(limit.line);
    if (warning !== undefined) say(warning);
    for (const name of doubtful)
      say(`${name} is no variable of the gate's, and is left out; did you mean ${meantBy(name)}?`);
    return await runUntilAsked(program, ["serve", file, `--import-path=${folder}`, "--control-fd=3"], {
      env: { ...env, ...(maxConnections && { MAX_CONNECTIONS: maxConnections }) },
      lock,
      say,
      onListening: async (bound) => {
        say(`workerd ${version} listens on http://${addressOf(host, bound)}, its state is in ${state}`);
        say(
          revocations === undefined
            ? `nothing is revoked from outside${without}`
            : `revocations: POST to ${revocations}`,
        );
        say(await readiness(host, bound));
      },
    });
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
    await clearSocket(revocations).catch(() => {});
    release();
  }
}

// A folder for workerd's configuration, which it reads once.
function makeOwn(): string {
  try {
    return mkdtempSync(join(tmpdir(), "arcgate-"));
  } catch (error) {
    const { code } = error as { code?: string };
    throw new Refused(`${tmpdir()} can't be written (${code}): say in TMPDIR where temporary files may be`);
  }
}

// Whether the configuration is sound. A wildcard is no address to ask at.
async function readiness(host: string, port: number): Promise<string> {
  const near = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  try {
    const { ok } = await fetch(`http://${addressOf(near, port)}/readyz`, { signal: AbortSignal.timeout(20_000) });
    return ok ? "ready" : 'not ready: the line "worker.config" of the log says which variable is wrong';
  } catch {
    return "not ready: it does not answer";
  }
}
