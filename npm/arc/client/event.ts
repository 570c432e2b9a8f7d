// What an event of a streamed chat says.

import type { ArcgateError } from "../../errors.js";
import { broken } from "../../platform/peer-errors.js";
import type { ArcMessage, ChatEvent } from "./types.js";

// Servers name the pieces of an answer differently, or not at all.
const names = ["stream", "chat", "message", ""];

/** The data of an event that tells of an error. */
export interface EventData {
  message?: unknown;
  error?: unknown;
  details?: unknown;
}

/** The error that an event tells of. */
export type ChatFailure = (data: EventData) => ArcgateError;

// JSON as it came, of which a few members are looked at.
type Loose =
  | {
      error?: unknown;
      done?: unknown;
      result?: Loose;
      chat?: Loose;
      message?: unknown;
      chatId?: unknown;
      status?: unknown;
    }
  | null
  | undefined;

/** An event as it is given to the caller. Throws when it tells of an error. */
export function toEvent(name: string, text: string, failed: ChatFailure): ChatEvent {
  let data: Loose;
  try {
    data = text === "" && name === "done" ? {} : JSON.parse(text);
  } catch {
    if (name === "error") throw failed({ message: text });
    if (names.includes(name) || name === "done") {
      throw broken("an event of the stream is not JSON");
    }
    return { type: "other", event: name, data: text };
  }
  if (name === "error" || (data?.error ?? undefined) !== undefined)
    throw failed(typeof data === "string" ? { message: data } : Object(data));
  // The data of an event, the result of an answer, or an answer as a whole.
  const chat = data?.result?.chat ?? data?.chat ?? data;
  const message = chat?.message ?? undefined;
  const isDone = name === "done" || (data?.done === true && message === undefined);
  if (isDone && chat?.status === "ERROR") throw failed({ message: "the stream ended with the status ERROR" });
  const type = isDone ? "done" : names.includes(name) ? "message" : "other";
  const event: ChatEvent = { type, event: name || "message", data };
  if (typeof chat?.chatId === "string") event.chatId = chat.chatId;
  if (message !== undefined) event.message = message as ArcMessage;
  if (typeof chat?.status === "string") event.status = chat.status;
  return event;
}
