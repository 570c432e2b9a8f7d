// Who is measured: a process each, so that the CPU of each is its own.

import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { moduleLines, placeModules } from "../scripts/serve/bundle.mjs";
import { root } from "../scripts/setup/cache.mjs";
import { node22 } from "../scripts/setup/npm-packages.mjs";
import { endGroup, startGroup } from "../scripts/setup/processes.mjs";
import { answering } from "../scripts/start/worker.mjs";
import { startRuntime } from "../tests/lib/arcp-peers.mjs";
import { freePort } from "../tests/lib/worker.mjs";
import { heldBy, processOf } from "./measure.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
/** Three times as often as by default, so that a short look at idle sessions sees one for each. */
export const heartbeatSec = 10;
const secret = "a secret of this benchmark, and of nobody else";
const issuer = "https://issuer.example.com/";
const audience = "https://gate.example.com/arcp";
const identity = { ISSUER: issuer, AUDIENCE: audience, SECRET: secret, HEARTBEAT: String(heartbeatSec) };
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens for `count` sessions of so many users. HS256: what the Python SDK verifies too. */
export function tokens(count, users = 8) {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, index) => {
    const claims = {
      iss: issuer,
      aud: audience,
      sub: `user-${index % users}`,
      jti: `${index}`,
      iat: now,
      exp: now + 3000,
    };
    const signed = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url(claims)}`;
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  });
}

/** The scripted runtime, the upstream of the gateway and of the pipe. */
export async function startUpstream() {
  const port = await freePort();
  const child = startGroup(node22, [file("gate-upstream.mjs"), String(port)], { onLine: () => {} });
  await answering(`http://127.0.0.1:${port}/`, child, "the scripted runtime");
  return { url: `http://127.0.0.1:${port}/arcp`, close: () => endGroup(child) };
}

/** The bare pipe, in front of an upstream; under `/hold`, a Worker that only holds the client's socket. */
export async function startPipe(upstream, path = "/arcp") {
  const pipe = await startWorkerd("gate-pipe.mjs", { UPSTREAM: upstream.url });
  return { ...pipe, url: new URL(path, pipe.url).href };
}

/** The gate, in front of an upstream. */
export const startGateway = (upstream) =>
  startWorkerd("gate-gateway.mjs", { ...identity, UPSTREAM: upstream.url.replace("http", "ws") });

/** The gate, with the embedded runtime behind it in the same process. */
export const startHub = () => startWorkerd("gate-hub.mjs", identity, { hub: true });

/** The SDK's own runtime in Python, nothing between. */
export async function startPython() {
  const { url, close, pid } = await startRuntime({
    jwt: { secret, issuer, audience },
    quiet: true,
    heartbeat: heartbeatSec,
  });
  return { url, pid: heldBy(pid), close };
}

// Nothing but workerd itself: wrangler would stand a proxy before it. `hub`: with a Durable Object.
async function startWorkerd(entry, variables = {}, { hub = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-bench-"));
  const port = await freePort();
  const { metafile } = await build({
    entryPoints: [file(entry)],
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["*.wasm", "cloudflare:*"],
    alias: { arcgate: join(root, "pkg/entry.workerd.js"), "arcgate/worker": join(root, "pkg/worker.workerd.js") },
    outfile: join(folder, "index.js"),
    metafile: true,
    logLevel: "error",
  });
  const modules = placeModules(metafile, folder);
  writeFileSync(join(folder, "config.capnp"), config(port, modules, variables, hub));
  const log = [];
  const child = startGroup(join(root, "node_modules/.bin/workerd"), ["serve", join(folder, "config.capnp")], {
    cwd: folder,
    onLine: (line) => log.push(line),
  });
  const close = async () => {
    await endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(`http://127.0.0.1:${port}/healthz`, child, "workerd", () => log.join("\n"));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `ws://127.0.0.1:${port}/arcp`, pid: processOf("workerd", folder), log, close };
}

const config = (port, modules, variables, hub) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), ${moduleLines(modules)}],
  compatibilityDate = "2026-10-01",
  bindings = [
    ${Object.entries(variables)
      .map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)}),`)
      .join("\n    ")}
    ${hub ? '(name = "RUNTIME_HUB", durableObjectNamespace = "RuntimeHub"),' : ""}
  ],
  ${hub ? 'durableObjectNamespaces = [(className = "RuntimeHub", uniqueKey = "hub", enableSql = true)], durableObjectStorage = (inMemory = void),' : ""}
);
`;
