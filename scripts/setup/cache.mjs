// The folder for what is slow to build and outlives a checkout: tools, by name and version.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** ARCGATE_CACHE, or arcgate's folder in the user's cache. */
export const cache =
  process.env.ARCGATE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "arcgate");

/** The folder of one tool in one version. */
export function cached(name, version) {
  return join(cache, `${name}-${version}`);
}

/** Whether a process lives. */
export function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Runs `work` while nobody else works in the same folder. A dead owner's lock is taken over. */
export async function locked(work, folder = cache) {
  const lock = join(folder, "lock");
  mkdirSync(folder, { recursive: true });
  for (let said = false; ; ) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, "pid"), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const pid = owner(lock);
    if (pid === undefined) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!said) console.log(`  another one is at work there (process ${pid}): waiting for it`);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

// The living owner of a lock; undefined when it is gone, or never wrote its number down.
function owner(lock) {
  try {
    const pid = Number(readFileSync(join(lock, "pid"), "utf8"));
    if (pid && alive(pid)) return pid;
    if (pid) return undefined;
  } catch {
    // being made just now, or left behind half-made
  }
  try {
    return Date.now() - statSync(lock).mtimeMs < 5000 ? "unknown" : undefined;
  } catch {
    return undefined;
  }
}
