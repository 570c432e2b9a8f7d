// Mutations: who is let in, what is resumed, what a lost connection costs. Each is a rule, how the runtime breaks it, the change, and the rules that bring it about.

import { frame, ulid } from "../../arcp.mjs";
import { later, method, onType, payload } from "./ways.mjs";

export default [
  ["6", "no WebSocket any more", (runtime) => void (runtime.refusesUpgrade = () => later(runtime))],
  [
    "7",
    "refuses unknown members",
    method(
      "heard",
      (heard, runtime) => (connection, text, isBinary) =>
        text.includes('"priority"') ? runtime.refuse(connection, "INVALID_REQUEST") : heard(connection, text, isBinary),
    ),
  ],
  [
    "8",
    "lets nobody in any more",
    method(
      "hello",
      (hello, runtime) => (connection, message) =>
        later(runtime) ? runtime.refuse(connection, "UNAUTHENTICATED") : hello(connection, message),
    ),
  ],
  [
    "9",
    "a welcome without features",
    onType("session.welcome", (message) => {
      if (message.payload.capabilities.features.length === 2) delete message.payload.capabilities.features;
      return message;
    }),
  ],
  ["10", "progress unasked for", method("isAgreed", () => () => true)],
  [
    "10",
    "a list unasked for",
    method(
      "session.list_jobs",
      (list) =>
        (session, ...more) =>
          list({ ...session, features: new Set(["list_jobs"]) }, ...more),
    ),
  ],
  ["11", "the token stays", method("freshToken", (fresh) => (session) => session.token ?? fresh())],
  ["13", "replays everything", method("replay", (replay) => (session) => replay(session, 0))],
  ["13", "replays nothing", method("replay", () => () => {})],
  [
    "13",
    "replays in disorder",
    method("replay", (replay) => (session, after) => {
      session.kept.reverse();
      replay(session, after);
    }),
  ],
  [
    "13",
    "replays with other words",
    method("replay", (replay) => (session, after) => {
      for (const message of session.kept) message.payload = { ...message.payload, summary: "later" };
      replay(session, after);
    }),
  ],
  [
    "14",
    "a gap in silence",
    method(
      "resumed",
      (resumed, runtime) => (principal, resume) =>
        resumed(principal, { ...resume, last_event_seq: runtime.sessions.get(resume.session_id)?.freed ?? 0 }),
    ),
  ],
  ["15", "never pings", (runtime) => void (runtime.tick = () => {})],
  ["16", "no pong", method("session.ping", () => () => true), ["16"]],
  ["16", "another nonce", payload("session.pong", { ping_nonce: "p_other" })],
  [
    "17",
    "gives up after one interval",
    method(
      "tick",
      (tick, runtime) => (connection) =>
        connection.session && Date.now() - connection.heardMs > runtime.intervalSec * 900
          ? runtime.heartbeatLost(connection)
          : tick(connection),
    ),
  ],
  [
    "18",
    "silence ends the jobs",
    method("heartbeatLost", (lost, runtime) => (connection) => {
      for (const job of [...runtime.jobs.values()].filter(({ session }) => session === connection.session))
        job.fail("error", "HEARTBEAT_LOST");
      lost(connection);
    }),
  ],
  [
    "18",
    "silence ends the jobs, a while after the connection",
    method("heartbeatLost", (lost, runtime) => (connection) => {
      const jobs = [...runtime.jobs.values()].filter(({ session }) => session === connection.session);
      lost(connection);
      for (const job of jobs) {
        job.event("progress", { current: 1 });
        job.fail("error", "HEARTBEAT_LOST");
      }
    }),
  ],
  [
    "18",
    "silence ends the session",
    method("heartbeatLost", (lost, runtime) => (connection) => {
      lost(connection);
      runtime.sessions.delete(connection.session.id);
    }),
  ],
  [
    "22",
    "frees what is not acknowledged",
    method("session.ack", (ack) => (session) => ack(session, { last_processed_seq: session.seq - 1 })),
  ],
  [
    "25",
    "an acknowledgement takes a number",
    method("session.ack", () => (session) => {
      session.seq += 1;
      return true;
    }),
  ],
  [
    "30",
    "no session.closed",
    method(
      "session.close",
      (_, runtime) =>
        (session, __, { id }) =>
          runtime.error(session, "INVALID_REQUEST", id),
    ),
  ],
  [
    "30",
    "a close ends the jobs",
    method("session.close", (close, runtime) => (session) => {
      for (const job of runtime.jobs.values()) if (job.session === session) job.fail("cancelled", "CANCELLED");
      return close(session);
    }),
  ],
  [
    "57",
    "a number is left out",
    method("nextSeq", (next) => (session, type) => next(session, type) + (session.seq === 7 ? 1 : 0)),
  ],
  ["57", "a number comes twice", method("nextSeq", (next) => (session) => (session.seq === 7 ? 7 : next(session)))],
  [
    "57",
    "numbers begin again at a resume",
    method("replay", (replay) => (session, after) => {
      replay(session, after);
      session.seq = 0;
    }),
  ],
  [
    "140",
    "what happens while nobody is there is lost",
    method(
      "tell",
      (tell) =>
        (session, ...more) =>
          session.connection ? tell(session, ...more) : session.seq,
    ),
  ],
  [
    "131",
    "a wrong token may try again",
    method(
      "refuse",
      (_, runtime) => (connection, code) =>
        runtime.write(connection, frame("session.error", runtime.errorPayload(code))),
    ),
  ],
  [
    "131",
    "closes without a word",
    method(
      "refuse",
      () =>
        ({ socket }) =>
          socket.close(1008),
    ),
  ],
  ["131", "takes any token", (runtime) => void (runtime.principals = new Proxy({}, { get: () => "alice" }))],
  ["132", "no resume token", payload("session.welcome", { resume_token: undefined })],
  [
    "132",
    "the session's id is its resume token",
    method(
      "freshToken",
      () =>
        ({ id }) =>
          id,
    ),
  ],
  [
    "133",
    "who has seen all is refused",
    method("resumed", (resumed) => (principal, resume) => {
      const session = resumed(principal, resume);
      return session?.seq === resume.last_event_seq ? undefined : session;
    }),
  ],
  [
    "134",
    "a new session instead",
    method(
      "resumed",
      (resumed, runtime) => (principal, resume) => resumed(principal, resume) ?? runtime.opened(principal),
    ),
  ],
  ["134", "another code", payload("session.error", { code: "PERMISSION_DENIED" })],
  ["135", "events after goodbye", method("session.bye", () => () => true)],
  ["146", "a short token", method("freshToken", () => () => `rt_${ulid()}`)],
  [
    "152",
    "names without versions",
    (runtime) =>
      void (runtime.welcome = ((welcome) => (session) => {
        const told = welcome.call(runtime, session);
        told.capabilities.agents = ["echo", "count"];
        return told;
      })(runtime.welcome)),
  ],
];
