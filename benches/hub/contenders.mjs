// Who is measured, all of them with the same client.

import { existsSync } from "node:fs";
import { startHub, startPython } from "../gate-contenders.mjs";

export const onDisk = "hub, on disk";
export const onRamDisk = "hub, on a RAM disk";
export const inMemory = "hub that keeps nothing";
export const before = "hub of before";
export const python = "Python SDK’s runtime";

// One object for all: what an object can carry is the question. What waits for the disk here, and only waits, is told by the same
// hub on a disk that is none. ARCGATE_BEFORE names the folder of an older build of the package.
const { ARCGATE_BEFORE } = process.env;
const ramDisk = "/dev/shm";
const starts = {
  [onDisk]: () => startHub({ isOne: true }),
  ...(existsSync(ramDisk) ? { [onRamDisk]: () => startHub({ isOne: true, under: ramDisk }) } : {}),
  [inMemory]: () => startHub({ isOne: true, entry: "hub/worker-in-memory.mjs" }),
  ...(ARCGATE_BEFORE ? { [before]: () => startHub({ isOne: true, pkg: ARCGATE_BEFORE }) } : {}),
  [python]: startPython,
};

/** Starts those that are wanted, and ends them whatever happens. */
export async function withContenders(wanted, work) {
  const names = Object.keys(starts).filter((name) => wanted?.some((word) => name.includes(word)) ?? true);
  const begun = await Promise.allSettled(names.map((name) => starts[name]()));
  try {
    const failed = begun.find(({ reason }) => reason);
    if (failed) throw failed.reason;
    return await work(Object.fromEntries(names.map((name, index) => [name, begun[index].value])));
  } finally {
    await Promise.all(begun.map(({ value }) => value?.close()));
  }
}
