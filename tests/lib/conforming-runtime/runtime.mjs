// A runtime of ARCP 1.1 that keeps every rule that can be seen from outside, in as few lines as that takes. The conformance
// runner's tests break it, one rule at a time, by replacing a method: what each breaks is in mutations.mjs. It is nobody's
// to use, and shares no code with the runner.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { frame, ulid } from "../arcp.mjs";

const everyFeature = "heartbeat ack list_jobs subscribe lease_expires_at progress result_chunk agent_versions".split(
  " ",
);
const now = () => new Date().toISOString();

export class Runtime {
  principals = { "tok-alice-1234": "alice", "tok-bob-5678": "bob" };
  intervalSec = 2;
  helloMs = 4000;
  agents = [
    { name: "echo", versions: ["1.0.0", "2.0.0"], default: "2.0.0" },
    { name: "count", versions: ["1.0.0"], default: "1.0.0" },
    { name: "chunks", versions: ["1.0.0"], default: "1.0.0" },
  ];
  socketOptions = {};
  connections = 0;
  sessions = new Map();
  jobs = new Map();
  keys = new Map();

  /** Listens on loopback. */
  async start() {
    this.http = createServer((_, response) => response.writeHead(404).end());
    this.sockets = new WebSocketServer({ noServer: true, maxPayload: 1_000_000, ...this.socketOptions });
    this.http.on("upgrade", (request, socket, head) => {
      this.connections += 1;
      if (this.refusesUpgrade(socket)) return socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
      this.sockets.handleUpgrade(request, socket, head, (one) => this.connected(one));
    });
    await new Promise((resolve) => this.http.listen(0, "127.0.0.1", resolve));
    this.url = `ws://127.0.0.1:${this.http.address().port}/arcp`;
    return this;
  }

  async close() {
    for (const job of this.jobs.values()) job.stop();
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  refusesUpgrade(_socket) {
    return false;
  }

  connected(socket) {
    const connection = { socket, number: this.connections, heardMs: Date.now(), spokeMs: Date.now() };
    const timers = [setTimeout(() => connection.session || this.refuse(connection, "UNAUTHENTICATED"), this.helloMs)];
    timers.push(setInterval(() => this.tick(connection), (this.intervalSec * 1000) / 4));
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => {
      connection.heardMs = Date.now();
      this.heard(connection, data.toString(), isBinary);
    });
    socket.on("close", () => {
      for (const timer of timers) clearInterval(timer);
      if (connection.session?.connection === connection) connection.session.connection = undefined;
    });
  }

  tick(connection) {
    const { session } = connection;
    if (!session?.features.has("heartbeat")) return;
    const ms = this.intervalSec * 1000;
    if (Date.now() - connection.heardMs > 2 * ms) return this.heartbeatLost(connection);
    if (Date.now() - connection.spokeMs > ms * 0.6)
      this.say(session, "session.ping", { nonce: ulid(), sent_at: now() });
  }

  heartbeatLost(connection) {
    this.refuse(connection, "HEARTBEAT_LOST");
  }

  heard(connection, text, isBinary) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {}
    const isMessage = !isBinary && typeof message?.type === "string" && typeof message.payload === "object";
    if (!isMessage || !this.knowsVersion(message)) return this.refuse(connection, "INVALID_REQUEST");
    if (!connection.session) return this.hello(connection, message);
    if (message.type === "session.hello" || !this.isTheirs(connection.session, message))
      return this.refuse(connection, "INVALID_REQUEST");
    const { session } = connection;
    this[message.type]?.(session, message.payload, message) ?? this.unknown(session, message);
  }

  knowsVersion({ arcp }) {
    return arcp === "1.1";
  }

  isTheirs(session, message) {
    return message.session_id === session.id;
  }

  unknown(session, { type, id }) {
    if (!this[type]) this.error(session, "INVALID_REQUEST", id);
  }

  // §6.1 to §6.3.

  hello(connection, { type, payload }) {
    const principal = this.principals[payload.auth?.token];
    if (!principal || payload.auth.scheme !== "bearer") return this.refuse(connection, "UNAUTHENTICATED");
    if (type !== "session.hello") return this.refuse(connection, "INVALID_REQUEST");
    const session = payload.resume ? this.resumed(principal, payload.resume) : this.opened(principal);
    if (!session) return this.refuse(connection, "RESUME_WINDOW_EXPIRED");
    this.displace(session);
    session.features = new Set((payload.capabilities?.features ?? []).filter((one) => everyFeature.includes(one)));
    session.connection = connection;
    session.token = this.freshToken(session);
    connection.session = session;
    this.say(session, "session.welcome", this.welcome(session));
    if (payload.resume) this.replay(session, payload.resume.last_event_seq);
  }

  displace(session) {
    session.connection?.socket.close(1000);
  }

  welcome(session) {
    return {
      runtime: { name: "conforming", version: "1" },
      resume_token: session.token,
      resume_window_sec: 600,
      heartbeat_interval_sec: this.intervalSec,
      capabilities: { encodings: ["json"], features: [...session.features], agents: this.agents },
    };
  }

  freshToken() {
    return `rt_${randomBytes(32).toString("hex")}`;
  }

  opened(principal) {
    const session = { id: `sess_${ulid()}`, principal, seq: 0, freed: 0, kept: [] };
    this.sessions.set(session.id, session);
    return session;
  }

  resumed(principal, { session_id, resume_token, last_event_seq }) {
    const session = this.sessions.get(session_id);
    if (session?.principal !== principal || session.token !== resume_token) return undefined;
    return last_event_seq >= session.freed ? session : undefined;
  }

  replay(session, after) {
    for (const message of session.kept) if (message.event_seq > after) this.write(session.connection, message);
  }

  // What is sent.

  refuse(connection, code) {
    const session_id = connection.session?.id ?? `sess_${ulid()}`;
    this.write(connection, frame("session.error", this.errorPayload(code), { session_id }));
    connection.socket.close(1008);
  }

  errorPayload(code, request_id) {
    return { code, message: `it is ${code}`, retryable: code === "INTERNAL_ERROR", ...(request_id && { request_id }) };
  }

  error(session, code, request) {
    this.say(session, "session.error", this.errorPayload(code, request));
    return true;
  }

  say(session, type, payload, changes = {}) {
    this.write(session.connection, frame(type, payload, { session_id: session.id, ...changes }));
    return true;
  }

  /** A message with a number, kept until it is acknowledged. */
  tell(session, type, payload, job) {
    session.seq = this.nextSeq(session, type);
    const message = frame(type, payload, { session_id: session.id, job_id: job.id, event_seq: session.seq });
    session.kept.push(message);
    this.write(session.connection, message);
    return session.seq;
  }

  nextSeq(session) {
    return session.seq + 1;
  }

  write(connection, message) {
    if (connection?.socket.readyState !== 1) return;
    connection.spokeMs = Date.now();
    connection.socket.send(JSON.stringify(this.last(message, connection)));
  }

  /** What goes out at last: for what is wrong with frames. */
  last(message, _connection) {
    return message;
  }
}
