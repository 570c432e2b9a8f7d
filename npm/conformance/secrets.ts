// No token in a report: neither those that were given, nor those that the runtime gave, nor a piece of one in a text that
// quotes it.

const MARK = "[redacted]";
/** So much of a bearer token in a row is a piece of it. */
const BEARER_PIECE = 8;
/** A resume token may begin as public ids do (a ULID's time). */
const RESUME_PIECE = 16;
/** So much of a runtime's token is looked for: its pieces are kept, and it may be as long as a message. */
const MAX_RESUME_TOKEN = 2048;

export class Secrets {
  readonly #whole = new Set<string>();
  /** Those that are too short for pieces. */
  readonly #short = new Set<string>();
  readonly #pieces = new Map<number, Set<string>>();

  addBearer(token: string | undefined): void {
    this.#add(token, BEARER_PIECE);
  }

  addResumeToken(token: unknown): void {
    this.#add(typeof token === "string" ? token.slice(0, MAX_RESUME_TOKEN) : token, RESUME_PIECE);
  }

  #add(secret: unknown, piece: number): void {
    if (typeof secret !== "string" || secret.length < 4 || this.#whole.has(secret)) return;
    this.#whole.add(secret);
    if (secret.length < piece) this.#short.add(secret);
    const pieces = this.#pieces.get(piece) ?? new Set();
    this.#pieces.set(piece, pieces);
    for (let i = 0; i + piece <= secret.length; i += 1) pieces.add(secret.slice(i, i + piece));
  }

  /** Whether a text holds one of them whole. */
  isIn(text: string): boolean {
    return [...this.#whole].some((secret) => text.includes(secret));
  }

  /** The text without them. */
  redact(text: string): string {
    const plain = this.#redactPlain(text);
    // A peer may write a character as an escape: then the values are looked at instead of the text.
    if (!plain.includes("\\")) return plain;
    try {
      const values = JSON.parse(plain, (_, value) => (typeof value === "string" ? this.#redactPlain(value) : value));
      const again = JSON.stringify(values);
      return again === JSON.stringify(JSON.parse(plain)) ? plain : again;
    } catch {
      // No JSON, or the beginning of one: evidence is cut where it is long.
      const readable = unescaped(plain);
      const again = this.#redactPlain(readable);
      return again === readable ? plain : again;
    }
  }

  #redactPlain(text: string): string {
    const isSecret = new Uint8Array(text.length);
    for (const secret of this.#short)
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
        isSecret.fill(1, at, at + secret.length);
    for (const [size, pieces] of this.#pieces)
      for (let i = 0; i + size <= text.length; i += 1)
        if (pieces.has(text.slice(i, i + size))) isSecret.fill(1, i, i + size);
    let out = "";
    for (let i = 0; i < text.length; i += 1) {
      if (!isSecret[i]) out += text[i];
      else if (!isSecret[i - 1]) out += MARK;
    }
    return out;
  }
}

// Each of a token's characters (RFC 6750 §2.1) may stand in JSON as an escape.
function unescaped(text: string): string {
  return text.replace(
    /\\(?:u00([2-7][0-9a-f])|(\/))/gi,
    (_, hex, slash) => slash ?? String.fromCharCode(parseInt(hex, 16)),
  );
}
