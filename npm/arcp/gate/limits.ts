// @ts-nocheck
// How many handshakes there may be from one address: failed ones, and such that nobody has finished.

/** Addresses, and principals, that are remembered; the oldest is forgotten first. */
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

/** Connections by a key (an address, a principal), and how many each may have. Without a key nobody is counted. */
export class Places {
  #counts = new Map();

  constructor(most) {
    this.most = most;
  }

  /** Whether this key may have no more. */
  isFull(key) {
    return (this.#counts.get(key) ?? 0) >= this.most;
  }

  /** Counts one. Gives what ends it; twice does no harm. */
  begin(key) {
    if (key === undefined) return () => {};
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let counts = true;
    return () => {
      if (!counts) return;
      counts = false;
      const left = this.#counts.get(key) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }
}

/**
 * Connections that have not shown yet who they are, by address. One address has a share of all places for them: else whoever
 * opens sockets and says nothing keeps everybody out.
 */
export class Waiting extends Places {
  constructor(maxConnections) {
    super(Math.ceil(maxConnections / 4));
  }
}

/** Until then a socket is on its way to its hello. */
export const SILENT_MS = 300;

/**
 * Sockets that have said nothing. The platform puts a message together before anybody sees a byte of it, up to 32 MB, so a socket
 * without a word may hold as much: of those that have been silent for a while there are few, `most` in all and a quarter of them
 * from one address, and the oldest go. Nobody is kept out by them.
 */
export class Silent {
  #most;
  #sockets = new Set();

  constructor(most) {
    this.#most = most;
  }

  /** Where there is a key without an address, it stands for all who have none. `cut()` ends the socket. */
  begin(key, cut) {
    const socket = { key, cut, isOld: false };
    this.#sockets.add(socket);
    return {
      end: () => this.#sockets.delete(socket),
      /** It has been silent for a while. */
      age: () => {
        if (!this.#sockets.has(socket)) return;
        socket.isOld = true;
        const old = [...this.#sockets].filter(({ isOld }) => isOld);
        const own = old.filter((other) => other.key === key);
        if (own.length > Math.ceil(this.#most / 4)) this.#cut(own[0]);
        else if (old.length > this.#most) this.#cut(old[0]);
      },
    };
  }

  /** Whether one of this key could go for another one. */
  has(key) {
    return this.#first(key) !== undefined;
  }

  /** Ends the oldest of this key. */
  makeRoom(key) {
    const socket = this.#first(key);
    if (socket) this.#cut(socket);
  }

  #first(key) {
    for (const socket of this.#sockets) if (socket.key === key) return socket;
  }

  #cut(socket) {
    this.#sockets.delete(socket);
    socket.cut();
  }
}

/** So many seconds' worth of frames may come at once. */
const BURST_FRAMES = 10;

/** What all sessions of a principal say together: each session has its own bound, in the core. */
export class Rates {
  #framesPerSec;
  #bytesPerSec;
  #burstBytes;
  #buckets = new Map();

  constructor(framesPerSec, bytesPerSec, burstBytes) {
    this.#framesPerSec = framesPerSec;
    this.#bytesPerSec = bytesPerSec;
    this.#burstBytes = burstBytes;
  }

  /**
   * Counts a frame, by its length or by what `weigh()` says it weighs; whether it is within the rate. What is larger than a burst
   * comes alone. Of what is too long already nobody asks how much it weighs: whoever says so much makes work of the refusals.
   */
  takes(key, length, now, weigh = () => length) {
    const bucket = this.#buckets.get(key) ?? { frames: 0, bytes: 0, at: now };
    const seconds = Math.max(0, now - bucket.at) / 1000;
    bucket.at = now;
    bucket.frames = Math.max(0, bucket.frames - seconds * this.#framesPerSec) + 1;
    const before = Math.max(0, bucket.bytes - seconds * this.#bytesPerSec);
    const fits = (bytes) => before === 0 || before + bytes <= this.#burstBytes;
    const bytes = fits(length) ? weigh() : length;
    bucket.bytes = before + bytes;
    // Those that were heard of last stand last: the first are forgotten.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value);
    return bucket.frames <= this.#framesPerSec * BURST_FRAMES && fits(bytes);
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
