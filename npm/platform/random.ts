// Random numbers for the core: it draws none itself.

// Asking for a few costs as much as for many. No number is given twice.
const drawn = new Uint32Array(64);
let used = drawn.length;

/** Both halves of a seed. */
export function randomHalves(): [high: number, low: number] {
  if (used >= drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  const [high = 0, low = 0] = drawn.subarray(used, used + 2);
  used += 2;
  return [high, low];
}
