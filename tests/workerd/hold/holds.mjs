// The Worker of this folder, whose objects live on the disk, and the runtime that it holds sessions for, which does what a test says.

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { frame, hello, rawSocket, session } from "../../lib/arcp.mjs";
import { durableWorkerd } from "../../lib/durable-workerd.mjs";
import { startRuntime } from "../../lib/scripted-runtime.mjs";

export let runtime;
export let worker;

/** Starts both before the file's tests. */
export function startHolds() {
  before(async () => {
    runtime = await startRuntime();
    worker = await durableWorkerd(
      fileURLToPath(new URL("worker.js", import.meta.url)),
      {
        SESSION_HOLD: "SessionHold",
        SMALL: "SmallHold",
        BRIEF: "BriefHold",
        FEW: "FewHold",
        THROUGH: "ThroughHold",
        FAILING: "FailingHold",
        ALARMED: "AlarmedHold",
        REVOCATIONS: "RevocationStore",
      },
      { bundling: { define: { UPSTREAM: JSON.stringify(runtime.url) } } },
    );
  });
  after(async () => {
    await worker?.close();
    await runtime?.close();
  });
}

/** The next line of the log, of those of this type that nobody has asked for yet. */
export async function logged(type) {
  for (;;) {
    const found = worker.log.findIndex((line, at) => at >= (taken.get(type) ?? 0) && line.includes(`"type":"${type}"`));
    if (found >= 0) {
      taken.set(type, found + 1);
      return JSON.parse(worker.log[found].slice(worker.log[found].indexOf("{")));
    }
    await fetch(`${worker.url}/healthz`);
  }
}
const taken = new Map();

export const at = (path = "") => `${worker.socketUrl}${path}/arcp`;

/** An open session and its connection to the upstream. */
export async function both(token = "alice", path = "", options = {}) {
  const upstream = runtime.next();
  const client = await session(at(path), token, options);
  return { client, upstream: await upstream };
}

/** The client's socket is cut, and the hold has noticed: what it says meanwhile is answered by nobody. */
export async function cut(client) {
  await client.close(1000);
}

/** The session again, on another connection; `last` is the last number that was had. */
export async function again(client, last, { path = "", token = "alice" } = {}) {
  const back = await session(at(path), token, { hello: { resume: client.resumption(last) } });
  return back;
}

/** How a try to have a session back ends. */
export async function refused(resume, { path = "", token = "alice" } = {}) {
  const socket = await rawSocket(at(path));
  socket.send(hello(token, { resume }));
  const { frames, code } = await socket.toEnd();
  return [frames.at(-1)?.payload.code, code];
}

/** The next connection on which the hold takes this session up. */
export async function takenUp(session) {
  for (;;) {
    const upstream = await runtime.next();
    if (upstream.hello === undefined) await new Promise((resolve) => upstream.socket.once("message", resolve));
    if (upstream.hello.payload.resume?.session_id === session) return upstream;
  }
}

/** An event of a job, as the runtime says it. */
export const event = (upstream, seq, job = "job_1") =>
  upstream.say(
    "job.event",
    { kind: "log", ts: "2026-01-01T00:00:00Z", body: { level: "info", message: `${seq}` } },
    { job_id: job, event_seq: seq },
  );

/** The next frames of these types, by type and number. */
export async function frames(client, count) {
  const found = [];
  while (found.length < count) {
    const got = await client.next("frame");
    if (got.closed) throw new Error(`closed with ${got.closed.code} after ${JSON.stringify(found)}`);
    if (got.type === "session.ping") continue;
    found.push(got);
  }
  return found;
}

/** Their numbers. */
export const seqs = (list) => list.map(({ event_seq }) => event_seq);

/** The next frame at the upstream that is no heartbeat and no acknowledgement. */
export async function nextOf(upstream) {
  for (;;) {
    const got = await upstream.next();
    if (!["session.ping", "session.pong", "session.ack"].includes(got.type)) return got;
  }
}

/** Submits a job, which the runtime accepts. */
export async function submitted({ client, upstream }, job_id = "job_1") {
  const id = client.say("job.submit", { agent: "echo", input: 1 });
  await nextOf(upstream);
  const accepted = { job_id, request_id: id, agent: "echo", lease: {}, accepted_at: "2026-01-01T00:00:00Z" };
  upstream.send(frame("job.accepted", accepted, { session_id: client.id }));
  return (await frames(client, 1))[0];
}
