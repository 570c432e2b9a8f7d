// The events of a streamed chat, as an async iterable that reads on when it is asked to, and that can be left.

import type { ArcgateError } from "../../errors.js";
import type { Watch } from "../../platform/cancellation.js";
import { type ChatFailure, toEvent } from "./event.js";
import { EventReader } from "./event-reader.js";
import type { ChatAnswer, ChatEvent, ChatStream as PublicStream } from "./types.js";

// The end of a stream comes this soon behind its last event, or nobody waits for it.
const LONGEST_END_MS = 1000;

/** A promise of a stream that is an async iterable by itself: `for await (… of client.chat.start(…))` needs no second await. */
export function iterable(promise: Promise<ChatStream>): ChatAnswer {
  return Object.assign(promise, {
    [Symbol.asyncIterator]: (): AsyncIterator<ChatEvent> => ({
      next: async () => (await promise).next(),
      return: async (value?: unknown) => (await promise).return(value),
    }),
  });
}

/** The bounds of a stream, in bytes. */
export interface StreamLimits {
  event: number;
  stream: number;
}

/** What a stream needs of the call that it answers. */
export interface StreamContext {
  watch: Watch;
  limits: StreamLimits;
  failed: ChatFailure;
  /** The error of a connection that broke. */
  broke(thrown: unknown): ArcgateError;
}

// How far it has come.
interface Progress {
  left: boolean;
  isDone: boolean;
  isWhole: boolean;
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** The events of one answer. Ends with `done`, with the stream, or with the error that it tells of. */
export class ChatStream implements PublicStream {
  #events: AsyncGenerator<ChatEvent, void>;
  #leave: () => void;

  constructor({ response, result }: { response?: Response; result?: unknown }, context: StreamContext) {
    const { watch, failed } = context;
    watch.pause();
    if (!response) {
      // An agent that does not stream: its answer is the only piece.
      watch.stop();
      this.#leave = () => {};
      this.#events = once(toEvent("", JSON.stringify(result), failed));
      return;
    }
    const reader = response.body?.getReader();
    const cancel = () => void reader?.cancel().catch(() => {});
    // At once, even when nobody reads at this moment.
    watch.signal.addEventListener("abort", cancel, { once: true });
    const state: Progress = { left: false, isDone: false, isWhole: false };
    this.#leave = () => {
      if (state.left) return;
      state.left = true;
      watch.stop();
      if (state.isWhole) return;
      if (state.isDone && reader) drain(reader, cancel);
      else cancel();
    };
    this.#events = read(reader, context, state, this.#leave);
  }

  next(): Promise<IteratorResult<ChatEvent>> {
    return this.#events.next();
  }

  /** Leaves the stream: the connection is given up. */
  return(value?: unknown): Promise<IteratorResult<ChatEvent>> {
    this.#leave();
    return this.#events.return(value as undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function* once(event: ChatEvent): AsyncGenerator<ChatEvent, void> {
  yield event;
}

async function* read(
  reader: BodyReader | undefined,
  { watch, limits, failed, broke }: StreamContext,
  state: Progress,
  leave: () => void,
): AsyncGenerator<ChatEvent, void> {
  if (!reader) return;
  const events = new EventReader(limits);
  try {
    for (;;) {
      for (let named = events.next(); named !== undefined; named = events.next()) {
        // What came before an abort, and was not read, is given up with the rest.
        if (watch.signal.aborted) throw watch.error();
        const event = toEvent(...named, failed);
        state.isDone = event.type === "done";
        yield event;
        if (state.isDone) return;
      }
      if (events.push()) continue;
      const { done, value } = await piece(reader, watch, broke);
      state.isWhole = done;
      if (state.left) return;
      if (!done) {
        events.take(value);
        continue;
      }
      const last = events.finish();
      if (last !== undefined) yield toEvent(...last, failed);
      return;
    }
  } finally {
    events.free();
    leave();
  }
}

// A server ends its stream right behind `done`. Whoever cancels before that end shows in a browser as a request that failed.
async function drain(reader: BodyReader, cancel: () => void): Promise<void> {
  const late = setTimeout(cancel, LONGEST_END_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // It ended otherwise.
  } finally {
    clearTimeout(late);
  }
}

// The time runs while something is waited for, and not while the caller is busy with what it has.
async function piece(
  reader: BodyReader,
  watch: Watch,
  broke: StreamContext["broke"],
): Promise<ReadableStreamReadResult<Uint8Array>> {
  watch.start();
  try {
    return await watch.over(reader.read());
  } catch (thrown) {
    throw broke(thrown);
  } finally {
    watch.pause();
  }
}
