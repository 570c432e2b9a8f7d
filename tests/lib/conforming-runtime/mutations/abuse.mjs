// Mutations: what the checklist does not number. Each is a rule, how the runtime breaks it, the change, and the rules that bring it about.

import { frame } from "../../arcp.mjs";
import { cutAt, method, onType, outgoing, payload } from "./ways.mjs";

export default [
  [
    "A1",
    "lists jobs for strangers",
    method(
      "hello",
      (hello, runtime) => (connection, message) =>
        message.type === "session.list_jobs"
          ? runtime.write(connection, frame("session.jobs", { jobs: [] }))
          : hello(connection, message),
    ),
  ],
  [
    "A1",
    "works for strangers",
    method(
      "hello",
      (hello, runtime) => (connection, message) =>
        message.type === "job.submit"
          ? runtime.write(connection, frame("job.accepted", { job_id: "job_1" }))
          : hello(connection, message),
    ),
  ],
  [
    "A2",
    "a second hello changes who one is",
    method("heard", (heard) => (connection, text, isBinary) => {
      if (text.includes('"session.hello"')) connection.session = undefined;
      heard(connection, text, isBinary);
    }),
  ],
  [
    "A3",
    "a wrong try spends the session",
    method("resumed", (resumed, runtime) => (principal, resume) => {
      const session = resumed(principal, resume);
      if (!session) runtime.sessions.delete(resume.session_id);
      return session;
    }),
  ],
  [
    "A8",
    "another's try spends the session",
    method("resumed", (resumed, runtime) => (principal, resume) => {
      const session = resumed(principal, resume);
      if (!session) runtime.sessions.delete(resume.session_id);
      return session;
    }),
  ],
  [
    "A4",
    "two connections hear one session",
    method("write", (write, runtime) => {
      const all = new Set();
      runtime.displace = () => {};
      return (connection, message) => {
        if (connection) all.add(connection);
        if (message.type !== "job.event") return write(connection, message);
        for (const one of all) if (one.session?.id === message.session_id) write(one, message);
      };
    }),
  ],
  ["A5", "another code", payload("session.error", { code: "INVALID_REQUEST" })],
  ["A6", "another code", payload("session.error", { code: "PERMISSION_DENIED" })],
  [
    "A7",
    "tells foreign jobs from none",
    method("unseen", () => (job) => (job ? "PERMISSION_DENIED" : "JOB_NOT_FOUND")),
  ],
  ["A9", "a code of its own", payload("session.error", { code: "NOPE" }), ["A6"]],
  [
    "A10",
    "tells the token again",
    method(
      "error",
      (_, runtime) => (session, code) =>
        runtime.say(session, "session.error", { ...runtime.errorPayload(code), details: { token: "tok-alice-1234" } }),
    ),
    ["A6"],
  ],
  [
    "A11",
    "an event without a body",
    onType("job.event", (message) => {
      delete message.payload.body;
      return message;
    }),
    ["45"],
  ],
  ["A12", "numbers as ids", outgoing((message) => ({ ...message, id: "17" }))],
  ["A21", "any version", method("knowsVersion", () => () => true)],
  ["A22", "binary frames are read", method("heard", (heard) => (connection, text) => heard(connection, text, false))],
  ["A23", "reads everything", (runtime) => void (runtime.socketOptions = { maxPayload: 100_000_000 })],
  [
    "A24",
    "bad JSON is its end",
    method("heard", (heard, runtime) => (connection, text, isBinary) => {
      if (text === "{") runtime.refusesUpgrade = () => true;
      else heard(connection, text, isBinary);
    }),
  ],
  ["A25", "any session's id", method("isTheirs", () => () => true)],
  [
    "A26",
    "unknown types end the session",
    method("unknown", (_, runtime) => ({ connection }, { type }) => {
      if (!runtime[type]) runtime.refuse(connection, "INVALID_REQUEST");
    }),
  ],
  [
    "A27",
    "one slow reader is everybody's wait",
    method("heard", (heard, runtime) => (connection, text, isBinary) => {
      if (text.includes('"to":20000')) runtime.isStuck = true;
      if (!runtime.isStuck) heard(connection, text, isBinary);
    }),
  ],
  [
    "A27",
    "drops what a slow reader has not read",
    method("pass", (pass) => (session, job, event) => {
      if (session.seq === 2500) session.seq += 1;
      return pass(session, job, event);
    }),
  ],
  ["A40", "a fragment ends the connection", cutAt((first) => (first & 0x8f) === 1)],
  ["A41", "no pongs", (runtime) => void (runtime.socketOptions = { autoPong: false })],
  [
    "A42",
    "any bytes are text",
    (runtime) => {
      runtime.socketOptions = { skipUTF8Validation: true };
      runtime.refuse = () => {};
    },
  ],
  ["A44", "no close frame", cutAt((first) => first === 0x88)],
];
