// A stream of server-sent events to a client: as they come, as long as somebody reads them, with a sign of life in between.

import type { Timer } from "../../platform/cancellation.js";
import type { Deadline } from "../../worker/deadline.js";

const encoder = new TextEncoder();

/** A proxy, and a client, take a silent connection for a dead one; and that a client has gone shows when it is written to. */
const COMMENT_MS = 15_000;
const comment = encoder.encode(": still working\n\n");

/** The next whole events, and at the end how it has ended. */
export interface StreamStep {
  outcome?: string;
  bytes?: Uint8Array | undefined;
}

/** Where a stream comes from. */
interface StreamSource {
  next(): Promise<StreamStep>;
  /** The events in the place of the rest, where the watch ends it. */
  last(outcome: string): Uint8Array | undefined;
  /** Told once; "gone" is a client that has left. */
  ended(outcome: string): void;
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** The stream, as long as `watch` lets it go on. */
export function eventStream(watch: Deadline, { next, last, ended }: StreamSource): ReadableStream<Uint8Array> {
  let isOver = false;
  let comments: Timer | undefined;
  const over = (outcome: string) => {
    isOver = true;
    clearInterval(comments);
    watch.stop();
    // Whatever still works for it.
    if (outcome === "gone") watch.leave();
    else if (outcome !== "output") watch.end(outcome);
    ended(outcome);
  };
  const finish = (controller: Controller, outcome: string, bytes: Uint8Array | undefined) => {
    if (isOver) return;
    if (bytes && bytes.length > 0) controller.enqueue(bytes);
    controller.close();
    over(outcome);
  };
  const step = async (): Promise<StreamStep> => {
    try {
      return await next();
    } catch (error) {
      const { code, name } = Object(error);
      console.error(`arcgate: a stream broke off: ${code ?? name}`);
      return { outcome: "failed", bytes: last("failed") };
    }
  };
  return new ReadableStream(
    {
      start: (controller) => {
        // At once, even when nobody reads at this moment.
        const cut = () => finish(controller, watch.outcome, last(watch.outcome));
        if (watch.isEnded) return cut();
        watch.onEnd(cut);
        comments = setInterval(() => {
          // Where something waits to be read already, that is the sign.
          if (!isOver && (controller.desiredSize ?? 0) >= 0) controller.enqueue(comment);
        }, COMMENT_MS);
      },
      pull: async (controller) => {
        const { outcome, bytes } = await step();
        // Not one event more than the token allows, however late its timer is.
        if (isOver || watch.isOver()) return;
        if (outcome !== undefined) finish(controller, outcome, bytes);
        else if (bytes) controller.enqueue(bytes);
      },
      // By the platform, when it can't write to the client any more.
      cancel: () => {
        if (!isOver) over("gone");
      },
    },
    { highWaterMark: 0 },
  );
}
