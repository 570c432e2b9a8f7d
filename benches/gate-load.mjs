// The load: sessions opened and closed, jobs run through sessions that stay open, sessions that do nothing.

import { frame, hello, ulid } from "../tests/lib/arcp.mjs";
import { open } from "./gate-socket.mjs";

const patienceMs = 20_000;
// As a client that has no reason to hurry: the peer's buffers are freed, and acks are few.
const ackEvery = 128;

/** A session that is open: `run(agent, input)` gives how many frames went over the socket for it. */
export async function session(url, token) {
  let waiting = [];
  const got = [];
  const socket = await open(url, (text) => {
    const message = JSON.parse(text);
    if (message.type === "session.ping") return answer(message);
    const taker = waiting.shift();
    if (taker) taker(message);
    else got.push(message);
  });
  const answer = ({ payload }) =>
    say("session.pong", { ping_nonce: payload.nonce, received_at: new Date().toISOString() });
  const next = () => (got.length > 0 ? got.shift() : new Promise((resolve) => waiting.push(resolve)));
  socket.closed.then(() => {
    for (const taker of waiting) taker({ type: "closed" });
    waiting = { push: (taker) => taker({ type: "closed" }), shift: () => undefined };
  });
  let session_id;
  const say = (type, payload, more) => socket.send(JSON.stringify(frame(type, payload, { session_id, ...more })));
  socket.send(JSON.stringify(hello(token)));
  const welcome = await bounded(next(), "welcome");
  if (welcome.type !== "session.welcome") throw new Error(`not welcomed by ${url}: ${JSON.stringify(welcome)}`);
  session_id = welcome.session_id ?? welcome.payload.session_id;
  return {
    socket,
    async run(agent, input) {
      let frames = 1;
      say("job.submit", { agent, input }, { id: ulid() });
      for (;;) {
        const message = await next();
        frames += 1;
        if (message.event_seq % ackEvery === 0) {
          say("session.ack", { last_processed_seq: message.event_seq });
          frames += 1;
        }
        if (message.type === "job.result") return frames;
        if (message.type !== "job.accepted" && message.type !== "job.event")
          throw new Error(`${agent} at ${url}: ${JSON.stringify(message)}`);
      }
    },
    close() {
      say("session.bye", { reason: "done" });
      return bounded(socket.close(), "close");
    },
  };
}

/** Opens and closes a session with each token, some at a time. Gives how many seconds the opening took. */
export async function handshakes(url, tokens, atOnce = 8) {
  const began = performance.now();
  const sessions = await spreadOver(tokens, atOnce, (token) => session(url, token));
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(sessions.map((each) => each.close()));
  return seconds;
}

/** Runs a job so many times in each of these sessions, one after the other. Gives the number of frames. */
export async function jobs(sessions, times, agent, input) {
  const counts = await Promise.all(
    sessions.map(async (each) => {
      let frames = 0;
      for (let time = 0; time < times; time += 1) frames += await bounded(each.run(agent, input), agent);
      return frames;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Opens so many sessions and keeps them. */
export const idle = (url, tokens, atOnce = 16) => spreadOver(tokens, atOnce, (token) => session(url, token));

// Each item's work, so many at once.
async function spreadOver(items, atOnce, work) {
  const done = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) done.push(await work(items[next++]));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}

async function bounded(promise, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
