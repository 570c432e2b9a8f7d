// What an event of a streamed chat says.

import type { ArcgateError } from "../../errors.js";
import { call } from "../../platform/modules/client.js";
import { broken } from "../../platform/peer-errors.js";
import type { ArcMessage, ChatEvent } from "./types.js";

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
  let isJson = true;
  try {
    data = text === "" && name === "done" ? {} : JSON.parse(text);
  } catch {
    isJson = false;
  }
  // The data of an event, the result of an answer, or an answer as a whole.
  const chat = data?.result?.chat ?? data?.chat ?? data;
  const message = chat?.message ?? undefined;
  const hasError = (data?.error ?? undefined) !== undefined;
  const isFailed = chat?.status === "ERROR";
  const hasMessage = message !== undefined;
  const meaning = call("arcEventMeaning", name, isJson, hasError, data?.done === true, hasMessage, isFailed);
  if (meaning === "broken") throw broken("an event of the stream is not JSON");
  if (meaning === "failed") throw failed({ message: "the stream ended with the status ERROR" });
  if (meaning === "error") throw failed(isJson && typeof data !== "string" ? Object(data) : { message: data ?? text });
  if (!isJson) return { type: "other", event: name, data: text };
  const event: ChatEvent = { type: meaning as ChatEvent["type"], event: name || "message", data };
  if (typeof chat?.chatId === "string") event.chatId = chat.chatId;
  if (hasMessage) event.message = message as ArcMessage;
  if (typeof chat?.status === "string") event.status = chat.status;
  return event;
}
