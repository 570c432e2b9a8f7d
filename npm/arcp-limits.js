// How many connections there may be, and how many failed handshakes from one address.

/** Addresses that are remembered; the oldest is forgotten first. */
const MOST_ADDRESSES = 10_000;

/** A bucket of failed handshakes for each address: it holds `perMinute`, and empties in a minute. One for an isolate. */
export class FailedHandshakes {
  #perMinute;
  #buckets = new Map();

  constructor(perMinute) {
    this.#perMinute = perMinute;
  }

  /** Whether this address has failed too often. Without an address nobody is: all would pay for one. */
  isFull(address, now) {
    return address !== undefined && this.#level(address, now) > this.#perMinute - 1;
  }

  /** Counts a failure. */
  add(address, now) {
    if (address === undefined) return;
    const level = Math.min(this.#level(address, now) + 1, this.#perMinute);
    this.#buckets.delete(address);
    this.#buckets.set(address, { level, at: now });
    if (this.#buckets.size > MOST_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value);
  }

  #level(address, now) {
    const bucket = this.#buckets.get(address);
    if (!bucket) return 0;
    return Math.max(0, bucket.level - (Math.max(0, now - bucket.at) * this.#perMinute) / 60_000);
  }
}

/** An address as it is counted: IPv6 by its first 64 bits, which are one customer's. */
export function addressKey(text) {
  if (!text?.includes(":")) return text || undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  if (mapped) return mapped[1];
  const [head, tail] = text.toLowerCase().split("%")[0].split("::");
  const groups = (part) => (part ? part.split(":") : []);
  const all = groups(head);
  if (tail !== undefined) {
    const rest = groups(tail);
    while (all.length + rest.length < 8) all.push("0");
    all.push(...rest);
  }
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
