// A request's body: read whole as it comes, counted beside the principal's other ones, and looked at when it is its turn.

import type { Timer } from "../../platform/cancellation.js";
import { type Message, MessageBody } from "../../platform/message-body.js";
import { callJson } from "../../platform/modules/gate.js";
import type { Deadline } from "../../worker/deadline.js";
import type { Place } from "../../worker/in-flight.js";
import type { Reply } from "./reply.js";

/** A body and the milliseconds until its turn; or the answer in its place, which is "lapsed" where the watch ended it. */
export type RequestBody = { body: Uint8Array<ArrayBuffer>; turnMs: number } | { reply: Reply | "lapsed" };

/** The whole body, counted as it comes. `announced` is how long it says it is, and `limit` how long it may be. */
export async function bodyOf(
  request: Message,
  { announced, limit }: { announced: number; limit: number },
  watch: Deadline,
  place: Place,
): Promise<RequestBody> {
  if (announced === 0 && !request.body) return { body: new Uint8Array(0), turnMs: place.whole() };
  const coming = new MessageBody(request, announced);
  const off = watch.onEnd(() => coming.cancel());
  let tooMuch: string | undefined;
  const take = (bytes: number) => {
    tooMuch = place.take(bytes);
    return tooMuch === undefined;
  };
  try {
    const body = await watch.over(coming.whole(limit, watch, take));
    if (watch.isEnded) return { reply: "lapsed" };
    if (body) return { body, turnMs: place.whole() };
    return { reply: tooMuch ? callJson<Reply>("arcTooMany", tooMuch) : callJson<Reply>("arcTooLarge") };
  } catch {
    // Or the client went away in the middle of it.
    return { reply: watch.isEnded ? "lapsed" : callJson<Reply>("arcBroken") };
  } finally {
    off();
  }
}

/**
 * Large bodies of one principal are looked at one after the other, with time for the others between. Each waits for itself: what
 * one request waits for must not be another's promise.
 */
export async function turnOf(ms: number, watch: Deadline): Promise<void> {
  let timer: Timer | undefined;
  const due = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  // Where the watch has ended, what comes next says so.
  await watch.over(due).catch(() => {});
  clearTimeout(timer);
}
