// What a program says comes by another way than what it answers, and later on a machine that is busy.

import assert from "node:assert/strict";

/** The first line of a log that matches, once it has come. */
export async function logged(log, pattern, patienceMs = 30_000) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const line = log.find((one) => pattern.test(one));
    if (line !== undefined) return line;
    if (Date.now() > end) assert.fail(`${pattern} is not in the log:\n${log.slice(-30).join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
