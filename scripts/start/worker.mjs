// The Worker under `wrangler dev`, as a child that ends with us. For `npm start`, and for tests.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isServersAccident, startAnew } from "../setup/anew.mjs";
import { root } from "../setup/cache.mjs";
import { node22 } from "../setup/npm-packages.mjs";
import { endGroup, startGroup } from "../setup/processes.mjs";
import { Stop } from "../setup/steps.mjs";
import { variableFile } from "./variables.mjs";

const wrangler = () =>
  join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/**
 * Starts wrangler and waits until the Worker answers. `onLine` sees its log, tidied.
 * `config` and `cwd` serve Workers other than the repository's own; of several, the first one answers.
 */
export function startWorker(options) {
  return startAnew("the Worker under wrangler", () => start(options), { isPassing: isServersAccident });
}

async function start({
  port,
  variables = {},
  onLine = () => {},
  config = join(root, "wrangler.development.toml"),
  cwd = root,
  persistTo,
  ready = "/healthz",
}) {
  const file = variableFile(variables);
  const last = [];
  const options = { config, ip: "127.0.0.1", port, "inspector-port": 0, "show-interactive-dev-session": false };
  if (persistTo) options["persist-to"] = persistTo;
  const flags = Object.entries(options).flatMap(([name, given]) => [given].flat().map((value) => `--${name}=${value}`));
  const child = startGroup(node22, [wrangler(), "dev", ...flags, ...file.args], {
    cwd,
    env: { WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", FORCE_COLOR: "0", CI: "1" },
    onLine: (line) => {
      const tidy = tidied(line);
      if (tidy === undefined) return;
      last.push(tidy);
      if (last.length > 30) last.shift();
      onLine(tidy);
    },
  });
  const close = async () => {
    await endGroup(child);
    file.remove();
  };
  process.once("exit", file.remove);
  const url = `http://127.0.0.1:${port}`;
  try {
    await answering(`${url}${ready}`, child, "the Worker", () => last.join("\n"));
  } catch (error) {
    await close();
    throw error;
  }
  return { url, port, close, ended: child.ended };
}

/** Polls an address until it answers with success. */
export async function answering(url, child, name, said = () => "", patienceMs = 60_000) {
  const until = Date.now() + patienceMs;
  let ended;
  child.ended.then((end) => {
    ended = end;
  });
  for (;;) {
    if (ended) throw new Stop(`${name} did not start (exit code ${ended.code}):\n${said()}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // not listening yet
    }
    if (Date.now() > until) throw new Stop(`${name} did not answer at ${url} in ${patienceMs / 1000} s:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// Wrangler's log without its decoration and without what a machine that has no network can't have.
const noise = [
  /^\s*$/,
  /^─+$/,
  /wrangler \d+\.\d+/,
  /Unable to fetch the `Request\.cf` object/,
  /^Error: getaddrinfo .*cloudflare/,
  /^\s+at (GetAddrInfo|async |Object\.|new |node:)/,
  /^(Using (vars|secrets) defined in|Your Worker has access|Binding\s+Resource|env\.\w+ \()/,
  /Starting local server|Ready on http|Shutting down local server/,
];

function tidied(line) {
  if (noise.some((pattern) => pattern.test(line))) return undefined;
  return line.replace(/^\[wrangler:(\w+)\] /, (_all, level) => (level === "info" ? "" : `${level}: `));
}
