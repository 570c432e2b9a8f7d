// A scripted runtime, a process of its own: the upstream of the gateway and of the bare pipe. It checks nothing and
// remembers nothing but a session's numbers.

import { createServer } from "node:http";
import { ulid } from "../tests/lib/arcp.mjs";
import { accept } from "./gate-socket.mjs";

const server = createServer((_request, response) => response.end("ok"));
server.on("upgrade", (request, stream) => {
  let session_id;
  let seq = 0;
  accept(request, stream, (text, socket) => {
    const { type, id, payload } = JSON.parse(text);
    const say = (type, payload, more) =>
      socket.send(JSON.stringify({ arcp: "1.1", id: ulid(), type, session_id, ...more, payload }));
    if (type === "session.hello") {
      session_id = `sess_${ulid()}`;
      say("session.welcome", welcome(session_id));
    } else if (type === "job.submit") {
      const job_id = `job_${ulid()}`;
      const accepted_at = new Date().toISOString();
      say("job.accepted", { job_id, request_id: id, agent: payload.agent, lease: {}, accepted_at }, { job_id });
      const event = (type, payload) => say(type, payload, { job_id, event_seq: ++seq });
      const { to = 0 } = payload.agent === "count" ? payload.input : {};
      for (let current = 1; current <= to; current += 1)
        event("job.event", { kind: "progress", ts: accepted_at, body: { current, total: to } });
      event("job.result", { final_status: "success", result: payload.input, completed_at: accepted_at });
    } else if (type === "session.ping") {
      say("session.pong", { ping_nonce: payload.nonce, received_at: new Date().toISOString() });
    } else if (type === "session.bye" || type === "session.close") {
      socket.close();
    }
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");

const welcome = (session_id) => ({
  session_id,
  accepted_at: new Date().toISOString(),
  runtime: { name: "scripted", version: "1" },
  resume_token: `rt_${ulid()}`,
  resume_window_sec: 600,
  capabilities: { encodings: ["json"], features: ["ack", "progress"], agents: [{ name: "count" }, { name: "echo" }] },
});
