// A job that counts, through a network that is cut again and again: what a client has of it in the end.

import { ArcpClient } from "../../pkg/entry.node.js";
import { frame, hello, rawSocket } from "./arcp.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** After which numbers the connection is cut: evenly spread over the first nine tenths. */
const cutsAfter = (to, cuts) =>
  new Set(Array.from({ length: cuts }, (_, n) => Math.round(((n + 1) * to * 0.9) / cuts)));

/**
 * With frames alone. Every third cut comes in the middle of the handshake that follows one, too, and every third leaves the
 * client away for a while. Gives the `numbers` that came, the `seqs` of all frames that had one, the `end`, what was `refused`,
 * and which `sessions` there were.
 */
export async function rawUnderCuts({ relay, token, to, cuts, delayMs = 2, awayMs = 60, acks = 100, tries = 100 }) {
  const after = cutsAfter(to, cuts);
  const seen = { numbers: [], seqs: [], end: undefined, refused: [], sessions: new Set(), cuts: 0 };
  let session;
  let socket;
  const say = (type, payload) => socket.send(frame(type, payload, { session_id: session.session_id }));
  const last = () => seen.seqs.at(-1) ?? 0;
  const changes = () => (session ? { resume: { ...session, last_event_seq: last() } } : {});

  async function connect() {
    for (let n = 1; n <= tries; n += 1) {
      socket = await rawSocket(relay.url, { patienceMs: 20_000 });
      if (!socket.open) continue;
      socket.send(hello(token, changes()));
      const answer = await socket.next("welcome");
      if (answer.type === "session.welcome") {
        const session_id = answer.session_id ?? answer.payload.session_id;
        session = { session_id, resume_token: answer.payload.resume_token };
        seen.sessions.add(session_id);
        return;
      }
      if (!answer.closed) {
        seen.refused.push(`${answer.payload.code}: ${answer.payload.message}`);
        socket.socket.close();
      }
      await pause(50);
    }
    throw new Error(`not back after ${tries} tries: ${[...new Set(seen.refused)].join("; ")}`);
  }

  /** A hello whose answer nobody hears: the token that it would have brought is lost. */
  async function inTheMiddle() {
    const one = await rawSocket(relay.url);
    if (one.open) one.send(hello(token, changes()));
    relay.cut();
    await one.closed();
  }

  await connect();
  say("job.submit", { agent: "count", input: { to, delayMs } });
  while (seen.end === undefined) {
    const got = await socket.next("frame of the job");
    if (got.closed) {
      await connect();
      continue;
    }
    if (got.type === "session.ping")
      say("session.pong", { ping_nonce: got.payload.nonce, received_at: new Date().toISOString() });
    if (got.event_seq === undefined) continue;
    seen.seqs.push(got.event_seq);
    if (got.type === "job.result" || got.type === "job.error") seen.end = got.payload;
    if (acks && seen.seqs.length % acks === 0) say("session.ack", { last_processed_seq: got.event_seq });
    if (got.payload.kind !== "progress") continue;
    const { current } = got.payload.body;
    seen.numbers.push(current);
    if (!after.delete(current)) continue;
    seen.cuts += 1;
    relay.cut();
    // What came before the cut was heard of still counts: the resume says from where.
    await socket.closed();
    while (!(await drained(socket, seen)).closed);
    if (seen.end) break;
    if (seen.cuts % 3 === 1) await pause(awayMs);
    if (seen.cuts % 3 === 2) await inTheMiddle();
    await connect();
  }
  await socket.close();
  return seen;
}

async function drained(socket, seen) {
  const got = await socket.next();
  if (got.event_seq !== undefined) {
    seen.seqs.push(got.event_seq);
    if (got.payload.kind === "progress") seen.numbers.push(got.payload.body.current);
    if (got.type === "job.result" || got.type === "job.error") seen.end = got.payload;
  }
  return got;
}

/**
 * With ArcpClient, which doesn't know of cuts. Beside the job that counts, one that echoes is submitted right before every fifth cut.
 * The client gives up a request that four connections did not survive: with an echo that lived through two, a cut waits for its
 * answer. Gives the `numbers`, the `result`, the `echoes`, the client's `events` and how many `cuts` there were.
 */
export async function clientUnderCuts({ relay, token, to, cuts, delayMs = 2 }) {
  const after = cutsAfter(to, cuts);
  const events = [];
  const client = await ArcpClient.connect(relay.url, {
    client: { name: "under-cuts", version: "1" },
    auth: { scheme: "bearer", token },
    reconnect: { maxDelayMs: 100 },
    onEvent: (event) => events.push(event),
  });
  try {
    const job = await client.submit({ agent: "count", input: { to, delayMs } });
    const numbers = [];
    const echoes = [];
    let made = 0;
    let survived = 0;
    let submitted;
    function echo(n) {
      survived = 0;
      submitted = client.submit({ agent: "echo", input: n, idempotencyKey: `${job.id}-${n}` });
      echoes.push(submitted.then(({ result }) => result));
    }
    for await (const { kind, body } of job) {
      if (kind !== "progress") continue;
      numbers.push(body.current);
      if (!after.delete(body.current)) continue;
      if (survived === 2) await submitted;
      made += 1;
      survived += 1;
      if (made % 5 === 0) echo(made);
      relay.cut();
    }
    return { numbers, result: await job.result, echoes: await Promise.all(echoes), events, cuts: made };
  } finally {
    await client.close();
  }
}
