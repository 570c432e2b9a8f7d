// The data folder: made, and held by one gate at a time.

import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { Refused } from "./refused.js";

/** The name of a gate's own lock: a socket at which it listens. */
const LOCK = /^lock-[0-9a-f]{16}\.sock$/;

/** A folder that is this gate's. */
export interface Held {
  /** What workerd is given too: the folder is taken as long as either of the two runs. */
  lock?: number;
  /** Why there is none. */
  warning?: string;
  /** To be called when workerd has ended. */
  release(): void;
}

/** Makes it where it isn't there. */
export function makeFolder(folder: string): void {
  try {
    make(folder);
    accessSync(join(folder, "."), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Refused(`--data ${folder} can't be written (${(error as { code?: string }).code}): give another folder`);
  }
}

// Not `recursive`: Node then tries for ever where a file system takes no folders, as /proc.
function make(folder: string): void {
  const parent = dirname(folder);
  if (parent === folder || existsSync(folder)) return;
  make(parent);
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * Holds it; refuses one that another gate has. Two would end each other's jobs as lost.
 *
 * Each has a listening socket of its own name there, and then looks at all others: one that answers is another gate's, one that
 * doesn't has been left by a process that was killed. So the system itself lets go of it, and of two that start at once one at
 * least sees the other, whereas a common name that both found left behind could be taken from who has just got it.
 */
export async function hold(folder: string): Promise<Held> {
  // Node has no Unix sockets there.
  if (process.platform === "win32") return { release() {} };
  const name = `lock-${randomBytes(8).toString("hex")}.sock`;
  const release = () => rmSync(join(folder, name), { force: true });
  const before = process.cwd();
  // By its name alone: the folder's path may be longer than a socket's can be.
  process.chdir(folder);
  try {
    const lock = await listening(name);
    try {
      for (const other of readdirSync(".")) if (LOCK.test(other) && other !== name) await checkLeft(other, folder);
    } catch (error) {
      lock.close(() => {});
      rmSync(name, { force: true });
      throw error;
    }
    // Node has no other name for a server's descriptor.
    return { lock: lock._handle?.fd, release: () => lock.close(release) };
  } catch (error) {
    if (error instanceof Refused) throw error;
    // Not every file system has sockets.
    const { code } = error as { code?: string };
    return { warning: `${folder} can't be locked (${code}): see to it that nothing else serves from it`, release };
  } finally {
    process.chdir(before);
  }
}

// It has the name that others look for once it listens: one that doesn't yet would be taken for left behind.
function listening(name: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(`.${name}`, () => {
      try {
        renameSync(`.${name}`, name);
        resolve(server);
      } catch (error) {
        server.close(() => {});
        reject(error);
      }
    });
  });
}

async function checkLeft(name: string, folder: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(name, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error) => resolve(error.code));
  });
  // Gone since.
  if (code === "ENOENT") return;
  // Anything else, as a queue that is full, is no proof that nobody listens.
  if (code !== "ECONNREFUSED") {
    throw new Refused(
      `another gate serves from ${folder}, or a workerd that one has left: end it first, or give this one a --data folder of its own`,
    );
  }
  rmSync(name, { force: true });
}
