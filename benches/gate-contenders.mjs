// Who is measured: a process each, so that the CPU of each is its own.

import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** Tokens for `count` sessions of so many users, from the `first` on. HS256: what the Python SDK verifies too. */
export function tokens(count, users = 8, first = 0) {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, offset) => {
    const index = first + offset;
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

/**
 * The gate, with the embedded runtime behind it in the same process, and its storage in a folder of `under`. With `isOne`, all
 * users share an object; `pkg` is another build of the package.
 */
export const startHub = ({ entry = "hub/worker.mjs", isOne = false, ...options } = {}) =>
  startWorkerd(entry, { ...identity, ...(isOne ? { ONE_HUB: "1" } : {}) }, { hub: true, ...options });

/** An object of its own for each client, which sleeps, and nothing else; `hasTimer`: and a timer for each. */
export const startObject = (hasTimer = false) =>
  startWorkerd(
    "gate-object.mjs",
    { HEARTBEAT: String(heartbeatSec), ...(hasTimer ? { TIMER: "1" } : {}) },
    { hub: true },
  );

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
async function startWorkerd(entry, variables = {}, { hub = false, pkg = join(root, "pkg"), under = tmpdir() } = {}) {
  const folder = mkdtempSync(join(under, "arcgate-bench-"));
  mkdirSync(join(folder, "state"));
  const port = await freePort();
  const { metafile } = await build({
    stdin: { contents: collecting(file(entry)), resolveDir: folder },
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["*.wasm", "cloudflare:*"],
    alias: { arcgate: join(pkg, "entry.workerd.js"), "arcgate/worker": join(pkg, "worker.workerd.js") },
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
  return { url: `ws://127.0.0.1:${port}/arcp`, pid: processOf("workerd", folder), folder, log, close };
}

// The Worker, and GET /gc: what nobody holds any more is no memory that a session needs. V8 makes do with a part of it where it isn't
// told that there is no other way, and what is left then, up to fifteen kB a session, differs from run to run.
const collecting = (entry) => `import app from ${JSON.stringify(entry)};
export * from ${JSON.stringify(entry)};
const isGc = (request) => request.method === "GET" && new URL(request.url).pathname === "/gc";
export default { fetch: (request, ...more) => (isGc(request) ? (gc({ type: "major", flavor: "last-resort" }), new Response()) : app.fetch(request, ...more)) };
`;

/** Has a server collect its garbage, where it can. What the collected leaves behind is freed in turns of its own. */
export async function collect({ url, pid }) {
  if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("workerd")) return;
  for (let time = 0; time < 3; time += 1) {
    await (await fetch(new URL("/gc", url.replace("ws", "http")))).arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const config = (port, modules, variables, hub) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
    ${hub ? '(name = "state", disk = (path = "state", writable = true)),' : ""}
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
  v8Flags = ["--expose-gc"],
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
  ${hub ? 'durableObjectNamespaces = [(className = "RuntimeHub", uniqueKey = "hub", enableSql = true)], durableObjectStorage = (localDisk = "state"),' : ""}
);
`;
