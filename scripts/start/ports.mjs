// Ports on loopback for programs that are told theirs before they listen.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alive } from "../setup/cache.mjs";

// Below are ports that browsers refuse and that servers are known by.
const LOWEST = 20_000;
// From here on are those that Linux gives to whoever connects: one of them may be taken between the look and the listening.
const BEYOND = outgoing() ?? 32_768;

const taken = join(tmpdir(), `arcgate-ports-${process.getuid?.() ?? ""}`);
const own = new Set();

/**
 * A port that nobody listens on, and that nobody else is given: neither by this function, in whatever process, while this process
 * lives, nor by the kernel for a connection.
 */
export async function freePort() {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (BEYOND - LOWEST));
    if (!claim(port)) continue;
    if (await isFree(port)) return port;
    release(port);
  }
}

/** Whether a port can be listened on. */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function claim(port) {
  if (own.has(port)) return false;
  mkdirSync(taken, { recursive: true });
  const file = join(taken, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch {
    if (isOwned(file)) return false;
    // Who had it was killed.
    writeFileSync(file, String(process.pid));
  }
  own.add(port);
  return true;
}

function isOwned(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // One that is empty was made just now, and its owner has not written yet.
    return !pid || alive(pid);
  } catch {
    return false;
  }
}

function release(port) {
  own.delete(port);
  rmSync(join(taken, String(port)), { force: true });
}

process.on("exit", () => {
  for (const port of own) release(port);
});

function outgoing() {
  try {
    const lowest = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
    // A machine that gives away nearly all of them leaves no choice.
    return lowest >= LOWEST + 1000 ? lowest : undefined;
  } catch {
    return undefined;
  }
}
