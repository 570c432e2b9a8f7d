// An agent's value as JSON, before the core looks at it (src/output). An agent may return anything.

/** What became of a value. */
export interface Written {
  text?: string;
  thrown?: string;
  bytes?: number;
}

/**
 * `{ text }`, or why there is none: `{ thrown }` what the writer said, `{ bytes }` how many are too many, or neither where there
 * is nothing to write. `most` bytes are allowed; what is surely more doesn't go into the core's memory.
 */
export function written(value: unknown, most: number): Written {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return { thrown: textOf(() => (error as Error).message) ?? "" };
  }
  if (text === undefined) return {};
  // A character is a byte at least.
  return text.length > most ? { bytes: utf8Length(text) } : { text };
}

/** The kind that an event names, as far as it can be read. */
export function kindOf(event: unknown): string | undefined {
  return textOf(() => (event as { kind?: unknown } | null | undefined)?.kind);
}

function textOf(read: () => unknown): string | undefined {
  try {
    const text = read();
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a JSON text. It has no halves of characters: a surrogate is one of two, of four bytes together. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}
