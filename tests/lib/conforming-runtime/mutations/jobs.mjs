// Mutations: submitting and ending jobs. Each is a rule, how the runtime breaks it, the change, and the rules that bring it about.

import { frame } from "../../arcp.mjs";
import { method, onType, outgoing, payload } from "./ways.mjs";

export default [
  [
    "32",
    "a lease ends unasked",
    payload("job.accepted", { lease_constraints: { expires_at: new Date().toISOString() } }),
  ],
  ["33", "a key gives another job", method("keyOf", () => () => undefined)],
  [
    "33",
    "the same job, accepted otherwise",
    method("again", (again) => (session, job, request) => {
      job.accepted = { ...job.accepted, accepted_at: "later" };
      return again(session, job, request);
    }),
  ],
  ["34", "another input is the same job", method("isSame", () => () => true)],
  ["35", "a fifth final state", payload("job.error", { final_status: "late" })],
  ["35", "a success without its name", payload("job.result", { final_status: "done" })],
  ["36", "cancelled jobs go on", method("job.cancel", () => () => true)],
  [
    "37",
    "no job.cancelled",
    outgoing((message) =>
      message.type === "job.cancelled" ? frame("session.pong", {}, { session_id: message.session_id }) : message,
    ),
  ],
  [
    "37",
    "cancelled is an error",
    onType("job.error", (message) => ({
      ...message,
      payload: { ...message.payload, code: "INTERNAL_ERROR" },
    })),
  ],
  [
    "38",
    "knows no versions",
    (runtime) =>
      void (runtime.resolve = (agent) =>
        agent.includes("@") ? { code: "AGENT_VERSION_NOT_AVAILABLE" } : { agent: `${agent}@1.0.0` }),
  ],
  [
    "39",
    "a bare name is the first version",
    (runtime) => void (runtime.resolve = (agent) => ({ agent: `${agent}@1.0.0` })),
  ],
  [
    "41",
    "any version will do",
    (runtime) => void (runtime.resolve = (agent) => ({ agent: `${agent.split("@")[0]}@1.0.0` })),
  ],
  [
    "43",
    "the version is not told",
    onType("job.accepted", (message) => {
      message.payload.agent = message.payload.agent.split("@")[0];
      return message;
    }),
  ],
  ["43", "lists another version", method("entry", (entry) => (job) => ({ ...entry(job), agent: "echo@0.1" }))],
  ["71", "a lease may have ended", method("isLease", () => () => true)],
  [
    "71",
    "any zone will do",
    method(
      "isLease",
      () => (constraints) => !constraints?.expires_at || Date.parse(constraints.expires_at) > Date.now(),
    ),
  ],
  ["73", "ends otherwise", method("leaseEnds", () => (job) => job.fail("error", "INTERNAL_ERROR"))],
  ["74", "ends as cancelled", method("leaseEnds", () => (job) => job.fail("cancelled", "LEASE_EXPIRED"))],
  ["136", "a wider lease", method("grant", () => (lease) => ({ ...lease, "fs.write": ["/**"] }))],
  ["137", "a key is a session's", method("keyOf", () => (session, key) => `${session.id} ${key}`)],
  [
    "137",
    "the end is told once",
    method(
      "again",
      (_, runtime) => (session, job, request_id) =>
        runtime.say(session, "job.accepted", { ...job.accepted, request_id }),
    ),
  ],
  [
    "138",
    "ends by a result",
    outgoing((message) => (message.type === "job.error" ? { ...message, type: "job.result" } : message)),
  ],
  ["143", "no trace", method("trace", () => () => undefined)],
  ["143", "a trace of its own", payload("job.accepted", { trace_id: "0123456789abcdef0123456789abcdef" })],
];
