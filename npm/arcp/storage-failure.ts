// What must be kept can't be written: how that is told, by hubs and by holds, and by the gate that can't reach them for it.

import { ArcgateError } from "../errors.js";

/** What the core knows it by. */
const NOT_STORED = "not_stored";
/** Failures that are of this kind. */
const unwritten = new WeakSet<ArcgateError>();

/** What of it is told by a stable name: SQLite says of a disk, and of a database that may not grow any more, that it is full. */
export function storageReason(thrown: unknown): "disk_full" | "not_stored" {
  const text = String((thrown as { message?: unknown } | undefined)?.message);
  return /\bSQLITE_FULL\b|disk is full/.test(text) ? "disk_full" : "not_stored";
}

/** An object can't be reached. Where a write has failed the platform says so in the place of its answer. */
export function unreachable(message: string, cause?: unknown): ArcgateError {
  const text = String((cause as { message?: unknown } | undefined)?.message);
  const error = new ArcgateError("ERR_NETWORK", message, { retryable: true, details: { fault: "internal" }, cause });
  if (text.includes("SQLITE_")) unwritten.add(error);
  return error;
}

/** What the core is told of an upstream that can't be opened. */
export function openFailure(error: unknown): string {
  if (!(error instanceof ArcgateError)) return "ERR_INTERNAL";
  return unwritten.has(error) ? NOT_STORED : String(error.code);
}

/** Ends an object, as soon as those who are connected have been told why. */
export function abortSoon(state: { abort?(reason?: string): void }, reason: string): void {
  setTimeout(() => state.abort?.(reason), 0);
}
