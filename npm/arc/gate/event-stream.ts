// @ts-nocheck
// A stream of server-sent events to a client: as they come, as long as somebody reads them, with a sign of life in between.

const encoder = new TextEncoder();

/** A proxy, and a client, take a silent connection for a dead one; and that a client has gone shows when it is written to. */
const COMMENT_MS = 15_000;
const comment = encoder.encode(": still working\n\n");

/**
 * `next()` gives `{ bytes }`, whole events, and at the end `{ outcome, bytes? }`. `last(outcome)` are the events in the place of
 * the rest where `watch`, a Deadline, ends it. `ended(outcome)` is told once; "gone" is a client that has left.
 */
export function eventStream(watch, { next, last, ended }) {
  const { signal } = watch;
  let isOver = false;
  let comments;
  const over = (outcome) => {
    isOver = true;
    clearInterval(comments);
    watch.stop();
    // Whatever still works for it.
    if (outcome === "gone") watch.leave();
    else if (outcome !== "output") watch.end(outcome);
    ended(outcome);
  };
  const finish = (controller, { outcome, bytes }) => {
    if (isOver) return;
    if (bytes?.length > 0) controller.enqueue(bytes);
    controller.close();
    over(outcome);
  };
  const step = async () => {
    try {
      return await next();
    } catch (error) {
      console.error(`arcgate: a stream broke off: ${error?.code ?? error?.name}`);
      return { outcome: "failed", bytes: last("failed") };
    }
  };
  return new ReadableStream(
    {
      start: (controller) => {
        // At once, even when nobody reads at this moment.
        const cut = () => finish(controller, { outcome: watch.outcome, bytes: last(watch.outcome) });
        if (signal.aborted) return cut();
        signal.addEventListener("abort", cut, { once: true });
        comments = setInterval(() => {
          // Where something waits to be read already, that is the sign.
          if (!isOver && controller.desiredSize >= 0) controller.enqueue(comment);
        }, COMMENT_MS);
      },
      pull: async (controller) => {
        const result = await step();
        // Not one event more than the token allows, however late its timer is.
        if (isOver || watch.isOver()) return;
        if (result.outcome === undefined) controller.enqueue(result.bytes);
        else finish(controller, result);
      },
      // By the platform, when it can't write to the client any more.
      cancel: () => {
        if (!isOver) over("gone");
      },
    },
    { highWaterMark: 0 },
  );
}
