// The ARCP SDK's runtime and client in Python, as peers: started on free ports, ended by the test that started them.

import { createServer, connect as tcp } from "node:net";
import { fileURLToPath } from "node:url";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { arcpCommand, python } from "../../scripts/setup/python.mjs";
import { freePort } from "../../scripts/start/ports.mjs";
import { runPython } from "./python.mjs";

const script = (name) => fileURLToPath(new URL(`../arcp/peers/${name}`, import.meta.url));

/**
 * Starts the SDK's ARCPRuntime with agents of ours; see peers/runtime.py for `config`. `seen` collects what it tells:
 * each connection, each frame that reached it, each principal. `when(test)` waits for such a line.
 */
export async function startRuntime(config = {}) {
  const seen = [];
  const said = [];
  const waiting = new Set();
  const look = () => {
    for (const check of waiting) check();
  };
  const child = startGroup(python, [script("runtime.py")], {
    env: { PEER: JSON.stringify(config), PYTHONUNBUFFERED: "1" },
    onLine: (line) => {
      if (line.startsWith("{")) seen.push(JSON.parse(line));
      else said.push(line);
      look();
    },
  });
  let ended;
  child.ended.then((end) => {
    ended = end;
    look();
  });
  const when = (test, what = "line", patienceMs = 60_000) =>
    new Promise((resolve, reject) => {
      const stop = (settle, value) => {
        clearTimeout(timer);
        waiting.delete(check);
        settle(value);
      };
      const fail = (why) =>
        stop(reject, new Error(`the Python runtime ${why}: no ${what}\n${said.slice(-20).join("\n")}`));
      const timer = setTimeout(() => fail("was silent"), patienceMs);
      const check = () => {
        const found = seen.find(test);
        if (found) stop(resolve, found);
        else if (ended) fail(`ended (${ended.code})`);
      };
      waiting.add(check);
      check();
    });
  const close = () => endGroup(child);
  try {
    const { listening: port } = await when((line) => line.listening, "port");
    const http = `http://127.0.0.1:${port}/arcp`;
    return { url: `ws://127.0.0.1:${port}/arcp`, http, port, pid: child.pid, seen, said, when, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The frames that reached a runtime, of one connection or of all. */
export const received = (runtime, connection) =>
  runtime.seen.filter((line) => line.in && (!connection || line.connection === connection)).map((line) => line.in);

/** The SDK's own `arcp serve`: an echo agent, one token. */
export async function startServe({ token = "tok-alice", principal = "alice" } = {}) {
  const port = await freePort();
  const said = [];
  let ready;
  const listening = new Promise((resolve) => {
    ready = resolve;
  });
  const args = ["serve", "--port", String(port), "--token", token, "--principal", principal];
  const child = startGroup(arcpCommand, args, {
    onLine: (line) => {
      said.push(line);
      if (line.includes("listening")) ready(true);
    },
  });
  const close = () => endGroup(child);
  if (!(await Promise.race([listening, child.ended.then(() => false)]))) {
    await close();
    throw new Error(`arcp serve did not start:\n${said.join("\n")}`);
  }
  await accepting(port);
  return { url: `ws://127.0.0.1:${port}/arcp`, http: `http://127.0.0.1:${port}/arcp`, port, said, close };
}

// It says that it listens just before or after it does.
async function accepting(port) {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = tcp(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs a list of actions with the SDK's client, in one process; see peers/client.py. Gives their outcomes. */
export async function pythonClient(...actions) {
  return JSON.parse(await runPython(script("client.py"), [], { SCRIPT: JSON.stringify(actions.flat()) }));
}

/**
 * A TCP relay to a port, so that a test can cut a connection as a network does: `cut()` resets all there are,
 * `refuse(true)` also those to come. `connections` counts them.
 */
export async function startRelay(target) {
  const pairs = new Set();
  let refusing = false;
  const relay = { connections: 0 };
  const server = createServer((near) => {
    if (refusing) return void near.resetAndDestroy();
    relay.connections++;
    const far = tcp(target, "127.0.0.1");
    const pair = [near, far];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return Object.assign(relay, {
    port,
    url: `ws://127.0.0.1:${port}/arcp`,
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
      pairs.clear();
    },
    refuse(yes) {
      refusing = yes;
    },
    close() {
      this.cut();
      return new Promise((resolve) => server.close(resolve));
    },
  });
}
