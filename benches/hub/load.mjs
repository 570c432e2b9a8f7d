// Sessions that have several jobs at a time, and how long each thing took.

import { frame, hello, ulid } from "../../tests/lib/arcp.mjs";
import { open as openSocket } from "../gate-socket.mjs";

const patienceMs = 30_000;
// As a client that has no reason to hurry: the peer's buffers are freed, and acks are few.
const ackEvery = 128;

// A session that is open. `frames` counts all that went over its socket, both ways.
async function session(url, token) {
  const one = new Session();
  const settled = one.welcomed;
  one.socket = await openSocket(url, (text) => one.take(JSON.parse(text)));
  one.socket.closed.then(() => one.fail(new Error(`${url} has closed the socket`)));
  one.socket.send(JSON.stringify(hello(token)));
  await settled;
  return one;
}

/** Opens a session with each token, some at a time. */
export async function open(url, tokens, atOnce = 16) {
  const sessions = [];
  const worker = async () => {
    while (sessions.length < tokens.length) {
      const index = sessions.push(undefined) - 1;
      sessions[index] = await session(url, tokens[index]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return sessions;
}

class Session {
  frames = 0;
  socket;
  #id;
  #welcome = Promise.withResolvers();
  /** By the submit's id until it is accepted, then by the job's. */
  #jobs = new Map();

  get welcomed() {
    return this.#welcome.promise;
  }

  /** Runs a job to its end; gives how many milliseconds it took. `onEvent` gets the payload of each event. */
  async run(agent, input, onEvent = () => {}) {
    const id = ulid();
    const done = Promise.withResolvers();
    const late = setTimeout(() => done.reject(new Error(`no end of ${agent} within ${patienceMs} ms`)), patienceMs);
    this.#jobs.set(id, { ...done, onEvent });
    const began = performance.now();
    this.#say("job.submit", { agent, input }, { id });
    try {
      await done.promise;
      return performance.now() - began;
    } finally {
      clearTimeout(late);
    }
  }

  take(message) {
    const { type, payload, job_id, event_seq } = message;
    this.frames += 1;
    if (type === "session.ping") {
      this.#say("session.pong", { ping_nonce: payload.nonce, received_at: new Date().toISOString() });
    } else if (type === "session.welcome") {
      this.#id = message.session_id ?? payload.session_id;
      this.#welcome.resolve();
    } else if (type === "job.accepted") {
      const job = this.#jobs.get(payload.request_id);
      this.#jobs.delete(payload.request_id);
      this.#jobs.set(payload.job_id, job);
    } else if (type === "job.event") {
      this.#jobs.get(job_id).onEvent(payload);
    } else if (type === "job.result") {
      this.#jobs.get(job_id).resolve();
      this.#jobs.delete(job_id);
    } else this.fail(new Error(JSON.stringify(message)));
    if (event_seq % ackEvery === 0) this.#say("session.ack", { last_processed_seq: event_seq });
  }

  fail(error) {
    this.#welcome.reject(error);
    for (const { reject } of this.#jobs.values()) reject(error);
  }

  close() {
    this.#say("session.bye", { reason: "done" });
    return this.socket.close();
  }

  #say(type, payload, more) {
    this.frames += 1;
    this.socket.send(JSON.stringify(frame(type, payload, { session_id: this.#id, ...more })));
  }
}

/** How many frames went over these sockets so far. */
export const framesOf = (sessions) => sessions.reduce((sum, { frames }) => sum + frames, 0);

/** Runs `total` jobs, `parallel` at a time, spread over the sessions. Gives each one's milliseconds. */
export async function inParallel(sessions, parallel, total, agent, input, onEvent) {
  const times = [];
  let begun = 0;
  const lane = async (_, index) => {
    const own = sessions[index % sessions.length];
    while (begun < total) {
      begun += 1;
      times.push(await own.run(agent, input, onEvent));
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return times;
}

/** Begins `perSec` jobs a second for so many seconds, whether or not those before have ended. Gives each one's milliseconds. */
export async function atRate(sessions, perSec, seconds, agent, input) {
  const running = [];
  const began = performance.now();
  for (;;) {
    const elapsed = Math.min((performance.now() - began) / 1000, seconds);
    while (running.length < elapsed * perSec) {
      running.push(sessions[running.length % sessions.length].run(agent, input));
    }
    if (elapsed === seconds) return Promise.all(running);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** How many milliseconds an event was under way: from when the runtime was told of it, by its own clock. */
export const sinceEvent = ({ ts }) => Date.now() - Date.parse(ts);

/** The value that so many of them don't exceed. */
export const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
