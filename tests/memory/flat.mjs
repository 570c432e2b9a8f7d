// Linear memory never shrinks, so what leaks shows in it sooner or later: after a tenth of the work it must not grow any more.
// ARCGATE_MEMORY=0.01 does a hundredth of the work, to try a test out.

import assert from "node:assert/strict";

const share = Number(process.env.ARCGATE_MEMORY ?? 1);

/** So much of the work is done. */
export const scaled = (count) => Math.max(1000, Math.round(count * share));

/**
 * Does the work `count` times, `atOnce` of it at a time: `one(index)`. `memory` is a module's. Throws where it has grown after
 * the first tenth, or `warm` of it.
 */
export async function flat(t, memory, count, one, { atOnce = 50, warm: part = 0.1 } = {}) {
  const pages = () => memory().buffer.byteLength / 65_536;
  const run = async (from, to) => {
    for (let index = from; index < to; index += atOnce) {
      const length = Math.min(atOnce, to - index);
      await Promise.all(Array.from({ length }, (_, more) => one(index + more)));
    }
  };
  const warm = Math.round(count * part);
  await run(0, warm);
  const before = pages();
  const since = process.cpuUsage();
  await run(warm, count);
  const { user, system } = process.cpuUsage(since);
  const after = pages();
  t.diagnostic(
    `${before} pages of 64 KiB after ${warm}, ${after} after ${count}; ${((user + system) / (count - warm)).toFixed(1)} µs of CPU each`,
  );
  assert.equal(after, before, "the module's memory has grown");
}
