// The runtimes that the reports are of, each started on a free port with the same two principals.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRuntime } from "../../tests/lib/arcp-peers.mjs";
import { startWrangler } from "../../tests/lib/worker.mjs";
import { cached, root } from "../setup/cache.mjs";
import { node22 } from "../setup/npm-packages.mjs";
import { endGroup, startGroup } from "../setup/processes.mjs";
import { Stop } from "../setup/steps.mjs";

/** The principals' tokens, which are worth nothing. */
export const tokens = { "q7x-alice": "alice", "q7x-bob": "bob" };

// All have the same agents.
const args = [
  ...["--agent", "versioned"],
  ...["--chunk-agent", "stream", "--chunk-input", JSON.stringify({ text: ["one, ", "two, ", "three"] })],
];
const typescript = process.env.TYPESCRIPT_SDK || cached("typescript-sdk", "2.0.0");

/** Each: what it is called in a report, what the runner is told beyond the address, and how it starts. */
export const targets = {
  arcgate: {
    title: "arcgate",
    versions: () =>
      `${JSON.parse(readFileSync(join(root, "pkg.json"), "utf8")).version}, the embedded runtime behind its gate, with the agents of scripts/conformance/peers/arcgate, under \`wrangler dev\``,
    setup: [],
    args,
    start: serveArcgate,
  },
  python: {
    title: "the Python SDK's runtime",
    versions: () =>
      "PyPI `agentruntimecontrolprotocol` 1.1.3, `ARCPRuntime` with the agents of tests/arcp/peers/runtime.py",
    setup: ["python"],
    args,
    start: (config = { tokens }) => startRuntime({ ...config, quiet: true }),
  },
  typescript: {
    title: "the TypeScript SDK's runtime",
    versions: () =>
      `its repository at ${versionOf("runtime")} (core ${versionOf("core")}), \`ARCPServer\` with the agents of scripts/conformance/peers/typescript.mjs`,
    setup: [],
    args,
    start: (config = { tokens }) => serveTypescript(config),
    /** Why it can't be tried here. */
    missing: () =>
      existsSync(join(typescript, "packages/runtime/dist/index.js"))
        ? undefined
        : "the TypeScript SDK is in no registry: clone github.com/agentruntimecontrolprotocol/typescript-sdk, build it, and give its folder as TYPESCRIPT_SDK (docs/conformance/README.md)",
  },
};

for (const name of ["python", "typescript"]) {
  const { title, versions, start, ...target } = targets[name];
  targets[`${name}-held`] = {
    ...target,
    title: `${title}, its sessions held by arcgate`,
    versions: () => `${versions()}, behind the gate with \`hold\` under \`wrangler dev\``,
    start: () => serveHeld(start),
  };
}

const versionOf = (name) =>
  JSON.parse(readFileSync(join(typescript, "packages", name, "package.json"), "utf8")).version;

/** A program that says where it listens; `find` takes the port out of a line of it. */
async function started(program, args, env, find) {
  const said = [];
  let found;
  const listening = new Promise((resolve) => {
    found = resolve;
  });
  const child = startGroup(program, args, {
    env,
    onLine(line) {
      said.push(line);
      const port = find(line);
      if (port) found(port);
    },
  });
  const close = () => endGroup(child);
  const port = await Promise.race([listening, child.ended.then(() => undefined)]);
  if (port) return { url: `ws://127.0.0.1:${port}/arcp`, close };
  await close();
  throw new Stop(`it did not start:\n${said.slice(-20).join("\n")}`);
}

async function serveArcgate() {
  const config = fileURLToPath(new URL("peers/arcgate/wrangler.toml", import.meta.url));
  const { url, close } = await startWrangler({ STATIC_TOKENS: tokens }, { config });
  return { url: `${url.replace("http", "ws")}/arcp`, close };
}

async function serveHeld(start) {
  const own = Object.fromEntries(Object.values(tokens).map((principal) => [principal, `upstream-${principal}`]));
  const runtime = await start({ tokens: Object.fromEntries(Object.entries(own).map((pair) => pair.reverse())) });
  const { url, close } = await startWrangler({
    STATIC_TOKENS: tokens,
    ARCP_UPSTREAM: runtime.url,
    ARCP_HOLD: "true",
    UPSTREAM_AUTH: "map",
    UPSTREAM_TOKENS: own,
    RESUME_KEY: "a key of thirty-two characters or more",
  });
  return {
    url: `${url.replace("http", "ws")}/arcp`,
    async close() {
      await close();
      await runtime.close();
    },
  };
}

function serveTypescript(config) {
  const env = { TYPESCRIPT_SDK: typescript, PEER: JSON.stringify({ ...config, quiet: true }) };
  const script = fileURLToPath(new URL("peers/typescript.mjs", import.meta.url));
  return started(node22, [script], env, (line) => /^\{"listening":(\d+)\}/.exec(line)?.[1]);
}
