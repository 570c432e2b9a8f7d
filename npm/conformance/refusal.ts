// Why there was no session, in words.

import { type Connection, describeClose, type Received } from "./connection.js";
import type { Message } from "./messages.js";
import { describeError } from "./session.js";

/** So long a connection may take to end behind an error, to be told as ended. */
const CLOSING_MS = 500;

/** What came instead of a welcome. */
export async function howRefused(connection: Connection, error: Message | undefined): Promise<string> {
  const closed = error ? await connection.ended(CLOSING_MS) : connection.closed;
  const end = closed ? `closed with ${describeClose(closed)}` : "the connection stays open";
  return `${error ? describeError(error) : whatCame(connection)}, ${end}`;
}

/** The same of the first hello of all, which may have met something else than a runtime. */
export async function whyNobody(connection: Connection, error: Message | undefined): Promise<string> {
  const how = await howRefused(connection, error);
  if (error?.payload.code === "UNAUTHENTICATED") return `the runtime does not take the token: ${how}`;
  return error ? `the runtime refuses the hello: ${how}` : `no answer to session.hello: ${how}`;
}

function whatCame({ received, timeoutMs }: Connection): string {
  const [first] = received;
  if (!first) return `nothing came within ${timeoutMs / 1000} s`;
  const what = nameOf(first);
  return received.length === 1 ? `${what} came` : `${what} came first, of ${received.length} frames`;
}

// A type is whatever the other side calls it; who speaks another protocol over WebSocket has none.
function nameOf({ message, raw, isBinary }: Received): string {
  if (!message) return isBinary ? "a binary frame" : "a text that is no message";
  return typeof raw.type === "string" && raw.type ? raw.type.slice(0, 40) : "a frame without a type";
}
