// Random numbers for the core: it draws none itself.

/** Both halves of a seed. */
export function randomHalves(): [high: number, low: number] {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [high, low];
}
