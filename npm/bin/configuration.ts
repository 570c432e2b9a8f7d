// workerd's configuration: the package's modules as they are, without a bundler, and the variables from the environment.

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** What is in it. */
export interface Configuration {
  /** Where it listens, such as "127.0.0.1:8787". */
  address: string;
  /** The folder of what must outlive the process. */
  state: string;
  /** Where a POST revokes, if anywhere: "127.0.0.1:8788", or "unix:/run/arcgate/revocations.sock". */
  revocations: string | undefined;
  /** Certificates of authorities that are trusted besides the public ones, each as PEM. */
  authorities: readonly string[];
  /** The names of the variables that are handed on. */
  variables: readonly string[];
}

/** The date that the package is tested with: from it on, pending I/O keeps an object's job alive without a client. */
const COMPATIBILITY_DATE = "2026-10-01";

/**
 * The configuration as text. It embeds the files of `folder`, the package, by paths that `--import-path` makes absolute, or from where
 * `base` leads.
 */
export function configuration(
  folder: string,
  { address, state, revocations, authorities, variables }: Configuration,
  base = "/",
): string {
  const modules = [...moduleNames(folder, "bin/gate.js")].map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `    (name = ${quoted(name)}, ${kind} = embed ${quoted(`${base}${name}`)}),`;
  });
  const bindings = variables.map((name) => `    (name = ${quoted(name)}, fromEnvironment = ${quoted(name)}),`);
  const door = `    (name = "revocations", address = ${quoted(revocations ?? "")}, http = (), service = (name = "arcgate", entrypoint = "revocations")),\n`;
  const trusted = authorities.length === 0 ? "" : `, trustedCertificates = [${authorities.map(quoted).join(", ")}]`;
  return `# The gate on a machine of one's own: workerd serve <this file> --import-path=<the folder of the package arcgate>
# Make the folder of \`state\` before, and remove a socket that a crash has left. A secret of
# PROVIDERS (\`secretEnv\`) is among the bindings only where it was set when this was written.
# A connection of /arcp takes up to five descriptors, and without any workerd ends: raise \`ulimit -n\`, or set
# MAX_CONNECTIONS to a seventh of it.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = .services,
  sockets = [
    (name = "http", address = ${quoted(address)}, http = (), service = "arcgate"),
${revocations === undefined ? "" : door}  ],
);

# By themselves, for a configuration of yours that imports this one.
const services :List(Workerd.Service) = [
  (name = "arcgate", worker = .arcgate),
  # What must outlive the process.
  (name = "state", disk = (path = ${quoted(state)}, writable = true)),
  # The providers and the upstreams, which the variables name: on the internet, on this machine, or beside it.
  (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true${trusted}))),
];

const arcgate :Workerd.Worker = (
  modules = [
${modules.join("\n")}
  ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  # A client that goes away is told to the Worker, and so to agents and upstreams.
  compatibilityFlags = ["enable_request_signal"],
  bindings = [
${bindings.join("\n")}
    (name = "RUNTIME_HUB", durableObjectNamespace = "RuntimeHub"),
    (name = "SESSION_HOLD", durableObjectNamespace = "SessionHold"),
    (name = "REVOCATIONS", durableObjectNamespace = "RevocationStore"),
  ],
  durableObjectNamespaces = [
    # The embedded runtime behind /arcp, sessions that are held for ARCP_UPSTREAM, and what was revoked.
    (className = "RuntimeHub", uniqueKey = "arcgate-runtime-hub", enableSql = true),
    (className = "SessionHold", uniqueKey = "arcgate-session-hold", enableSql = true),
    (className = "RevocationStore", uniqueKey = "arcgate-revocations", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "state"),
);
`;
}

// A module and all that it imports.
function moduleNames(folder: string, name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  if (name.endsWith(".wasm")) return found;
  const text = readFileSync(join(folder, name), "utf8");
  const imports = text.matchAll(/(?:^(?:import|export)\s[^;"']*|\bimport\()["'](\.{1,2}\/[\w./-]+\.(?:js|wasm))["']/gm);
  for (const [, path] of imports) moduleNames(folder, posix.join(posix.dirname(name), path as string), found);
  return found;
}

// A text of Cap'n Proto's.
function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
