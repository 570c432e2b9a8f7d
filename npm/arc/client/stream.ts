// @ts-nocheck
// The events of a streamed chat, as an async iterable that reads on when it is asked to, and that can be left.

import { toArcgateError } from "../../errors.js";
import { broken } from "../../platform/peer-errors.js";
import { bindings, instanceEpoch, recoverFrom } from "../../platform/wasm.js";

// How much goes into the core's memory at once: it grows to hold it, and never shrinks.
const PIECE = 64 * 1024;

// The end of a stream comes this soon behind its last event, or nobody waits for it.
const LONGEST_END_MS = 1000;

// Servers name the pieces of an answer differently, or not at all.
const names = ["stream", "chat", "message", ""];

/** A promise of a stream that is an async iterable by itself: `for await (… of client.chat.start(…))` needs no second await. */
export function iterable(promise) {
  promise[Symbol.asyncIterator] = () => ({
    next: async () => (await promise).next(),
    return: async (value) => (await promise).return(value),
  });
  return promise;
}

/** The events of one answer. Ends with `done`, with the stream, or with the error that it tells of. */
export class ChatStream {
  #events;
  #leave;

  constructor({ response, result }, { watch, limits, failed, broke }) {
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
    const state = { left: false, isDone: false, isWhole: false };
    this.#leave = () => {
      if (state.left) return;
      state.left = true;
      watch.stop();
      if (state.isWhole) return;
      if (state.isDone) drain(reader, cancel);
      else cancel();
    };
    this.#events = read(reader, watch, limits, { failed, broke }, state, this.#leave);
  }

  next() {
    return this.#events.next();
  }

  /** Leaves the stream: the connection is given up. */
  return(value) {
    this.#leave();
    return this.#events.return(value);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

async function* once(event) {
  yield event;
}

async function* read(reader, watch, limits, { failed, broke }, state, leave) {
  if (!reader) return;
  const events = new Events(limits);
  try {
    for (;;) {
      for (let text = events.next(); text !== undefined; text = events.next()) {
        const event = toEvent(...parted(text), failed);
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
      if (last !== undefined) yield toEvent(...parted(last), failed);
      return;
    }
  } finally {
    events.free();
    leave();
  }
}

// A server ends its stream right behind `done`. Whoever cancels before that end shows in a browser as a request that failed.
async function drain(reader, cancel) {
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
async function piece(reader, watch, broke) {
  watch.start();
  try {
    return await watch.over(reader.read());
  } catch (thrown) {
    throw broke(thrown);
  } finally {
    watch.pause();
  }
}

// The core's reader, fed in pieces. It belongs to one instance of the module, and ends with it.
class Events {
  #core;
  #epoch = instanceEpoch();
  #bytes = new Uint8Array(0);

  constructor({ event, stream }) {
    this.#core = this.#try(() => new bindings.EventReader(event, stream));
  }

  take(bytes) {
    this.#bytes = bytes;
    this.push();
  }

  /** Hands on the next part of what was taken; false when nothing is left of it. */
  push() {
    if (this.#bytes.length === 0) return false;
    const part = this.#bytes.subarray(0, PIECE);
    this.#bytes = this.#bytes.subarray(PIECE);
    this.#try(() => this.#core.push(part));
    return true;
  }

  next() {
    return this.#try(() => this.#core.nextEvent());
  }

  finish() {
    return this.#try(() => this.#core.finish());
  }

  free() {
    if (this.#epoch === instanceEpoch()) this.#core.free();
  }

  #try(work) {
    if (this.#epoch !== instanceEpoch()) throw toArcgateError(new Error("the module was replaced"));
    try {
      return work();
    } catch (thrown) {
      recoverFrom(thrown);
      const error = toArcgateError(thrown);
      throw error.code === "ERR_PROTOCOL" ? broken(error.message, error.details) : error;
    }
  }
}

// The core gives an event as its name, a line feed, its data.
function parted(text) {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}

function toEvent(name, text, failed) {
  let data;
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
  const event = { type, event: name || "message", data };
  if (typeof chat?.chatId === "string") event.chatId = chat.chatId;
  if (message !== undefined) event.message = message;
  if (typeof chat?.status === "string") event.status = chat.status;
  return event;
}
