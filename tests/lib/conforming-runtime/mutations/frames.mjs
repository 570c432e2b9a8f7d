// Mutations: what every frame is held to. Each is a rule, how the runtime breaks it, the change, and the rules that bring it about.

import { ulid } from "../../arcp.mjs";
import { body, method, onType, outgoing, payload, without } from "./ways.mjs";

export default [
  ["1", "its pings have no nonce", payload("session.ping", { nonce: undefined }), ["15"]],
  ["19", "pings are numbered", onType("session.ping", (message) => ({ ...message, event_seq: 1 })), ["15"]],
  ["31", "credentials that are no list", payload("job.accepted", { credentials: {} }), ["32"]],
  ["56", "negative progress", body("progress", { current: -1 }), ["45"]],
  [
    "60",
    "chunks count from 1",
    onType("job.event", (message) => {
      if (message.payload.kind === "result_chunk") message.payload.body.chunk_seq += 1;
      return message;
    }),
    ["59"],
  ],
  ["61", "no encoding", body("result_chunk", { encoding: "latin1" }), ["59"]],
  ["63", "no result_id at the end", payload("job.result", { result_id: undefined }), ["59"]],
  ["63", "a result besides", payload("job.result", { result: "all of it" }), ["59"]],
  ["99", "a lease's end is retryable", payload("job.error", { retryable: true }), ["73"]],
  [
    "114",
    "binary frames",
    method("write", (write) => (connection, message) => {
      write(connection, message);
      connection?.socket.send(Buffer.from("{}"));
    }),
  ],
  ["117", "another version", outgoing((message) => ({ ...message, arcp: "2.0" }))],
  ["118", "no id", outgoing((message) => without(message, "id"))],
  ["119", "a pong without a type", onType("session.pong", (message) => without(message, "type")), ["53"]],
  ["120", "no session_id", onType("job.accepted", (message) => without(message, "session_id")), ["32"]],
  [
    "120",
    "another's session_id",
    onType("job.result", (message) => ({ ...message, session_id: `sess_${ulid()}` })),
    ["32"],
  ],
  ["121", "a result without a number", onType("job.result", (message) => without(message, "event_seq")), ["35"]],
  ["122", "a pong without payload", onType("session.pong", (message) => without(message, "payload")), ["53"]],
  ["123", "a list", outgoing((message) => (message.type === "session.pong" ? [message] : message)), ["53"]],
  [
    "151",
    "kinds of its own",
    onType("job.event", (message) => {
      message.payload.kind = "tick";
      return message;
    }),
    ["45"],
  ],
];
