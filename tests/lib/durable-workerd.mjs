// A Worker in workerd whose Durable Objects live on the disk: it can be killed, and comes again on the same port with what was kept.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleLines } from "../../scripts/serve/bundle.mjs";
import { isServersAccident, startAnew } from "../../scripts/setup/anew.mjs";
import { root } from "../../scripts/setup/cache.mjs";
import { endGroup, killGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { freePort } from "../../scripts/start/ports.mjs";
import { answering } from "../../scripts/start/worker.mjs";
import { bundleInto } from "./bundled-worker.mjs";

const config = (port, modules, objects) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "state", disk = (path = "state", writable = true)),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), ${moduleLines(modules)}],
  compatibilityDate = "2026-10-01",
  bindings = [${Object.entries(objects)
    .map(([name, type]) => `(name = "${name}", durableObjectNamespace = "${type}")`)
    .join(", ")}],
  durableObjectNamespaces = [${[...new Set(Object.values(objects))]
    .map((type) => `(className = "${type}", uniqueKey = "${type}", enableSql = true)`)
    .join(", ")}],
  durableObjectStorage = (localDisk = "state"),
);
`;

/**
 * Bundles a Worker and starts it. `objects` are its Durable Objects, class by binding. `kill()` ends the process by SIGKILL, and
 * `start()` starts it again; `up()` waits until it answers, and gives nothing once it is closed for good. A start that `close()`
 * comes upon ends without a word, and before `close()` does. `log` collects what all of its lives say. `fileKiB` is how large a
 * file may become in the next life: the disk is full there.
 */
export async function durableWorkerd(entry, objects, { bundling } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-durable-"));
  const port = await freePort();
  mkdirSync(join(folder, "state"));
  const modules = await bundleInto(folder, entry, bundling);
  writeFileSync(join(folder, "config.capnp"), config(port, modules, objects));
  const url = `http://127.0.0.1:${port}`;
  const log = [];
  let child;
  let isClosed = false;
  let life = gate();
  let starting;

  function start(options) {
    starting = comeUp(options).catch((error) => {
      // Nobody wants it any more: its failure would be told after the tests, as one of the file.
      if (!isClosed) throw error;
    });
    return starting;
  }

  async function comeUp({ fileKiB } = {}) {
    if (isClosed) return;
    const command = [join(root, "node_modules/.bin/workerd"), "serve", join(folder, "config.capnp")];
    // A write beyond the limit fails like one to a full disk, where the signal that comes with it is ignored.
    const limited = ["sh", "-c", `trap "" XFSZ; ulimit -f ${fileKiB * 2}; exec "$@"`, "sh", ...command];
    const [program, ...args] = fileKiB === undefined ? command : limited;
    const begin = async () => {
      child = startGroup(program, args, { cwd: folder, onLine: (line) => log.push(line) });
      await answering(`${url}/healthz`, child, "workerd", () => log.slice(-30).join("\n"));
    };
    await startAnew("workerd", begin, { isPassing: (error) => !isClosed && isServersAccident(error) });
    life.open();
  }

  async function kill() {
    life = gate();
    await killGroup(child);
  }

  async function close() {
    isClosed = true;
    life.open();
    if (child) await endGroup(child);
    await starting?.catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    socketUrl: url.replace("http", "ws"),
    state: join(folder, "state"),
    log,
    start,
    kill,
    close,
    /** True when there is a life to talk to, false when there will be none any more. */
    async up() {
      await life.opened;
      return !isClosed;
    },
  };
}

// Shut until it is opened, for good.
function gate() {
  const made = {};
  made.opened = new Promise((resolve) => {
    made.open = resolve;
  });
  return made;
}
