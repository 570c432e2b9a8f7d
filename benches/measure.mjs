// CPU time of a process, and what repeated measurements say.

import { readdirSync, readFileSync } from "node:fs";

/** The CPU time that a process has used so far, all its threads, in microseconds (Linux). */
export function cpuMicros(pid) {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread ended in between.
    }
  }
  return nanos / 1000;
}

/** The process whose command line holds `text`, and whose name ends with `name`. */
export function processOf(name, text) {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [program, ...words] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      // Not the leash that ends it when we die: it has the same words.
      const isLeash = words.some((word) => word.endsWith("leash.mjs"));
      if (program.endsWith(name) && !isLeash && words.some((word) => word.includes(text))) return Number(pid);
    } catch {
      // It ended in between.
    }
  }
  throw new Error(`no process ${name} with ${text}`);
}

/** The program that a leash holds: its only child. */
export function heldBy(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

/** The memory that a process has in use, in kB. */
export function memoryKb(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

/** The value in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half the distance between the quartiles: how far repeated measurements lie apart. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / 2;
}

/** The line through points: its slope, and the slope's standard error. */
export function line(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const width = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / width;
  const rest = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / Math.max(points.length - 2, 1) / width) };
}
