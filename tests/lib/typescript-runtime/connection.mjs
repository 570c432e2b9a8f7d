// One connection of it: the handshake, the resume, what it answers, and what it swallows.

import { randomBytes } from "node:crypto";
import { ulid } from "../arcp.mjs";
import { cancel, follow, inventory, list, submit } from "./jobs.mjs";

const maxBytes = 16 * 1024 * 1024;
const unknownCore = new Set(["session.close", "session.resume", "session.closed"]);

export class Connection {
  session;
  principal;
  features = [];
  jobs = new Map();
  followed = new Set();
  closed = false;
  #seq = 0;
  #acked = 0;
  #frames = 0;
  #bytes = 0;
  #pressed = false;
  #heard = Date.now();
  #beat;

  constructor(runtime, socket, number) {
    this.runtime = runtime;
    this.socket = socket;
    this.number = number;
    runtime.seen.push({ connection: number });
    socket.on("error", () => {});
    socket.on("message", (data, binary) => this.#take(data, binary));
    socket.on("close", (code) => {
      // Its jobs are not told: they find out with the next event that they send.
      this.closed = true;
      clearInterval(this.#beat);
      runtime.seen.push({ connection: number, closed: code });
    });
  }

  nextSeq() {
    this.#seq += 1;
    return this.#seq;
  }

  /** Sends a frame that belongs to the session; a numbered one is kept for a resume. Throws when the socket is gone. */
  send(type, payload, rest = {}) {
    if (this.closed) throw new Error("the session is closed");
    const frame = this.#keep(type, payload, rest);
    if (frame.event_seq === undefined) return;
    // A refusal that is numbered as if the job had ended goes to all who follow the job, too.
    for (const one of this.runtime.followers.get(frame.job_id) ?? []) if (one !== this) one.forward(frame);
    this.#press();
  }

  /** Sends a frame of another connection's, or of the past, under a number of one's own. */
  forward({ type, payload, job_id, trace_id }) {
    if (!this.closed) this.#keep(type, payload, { job_id, trace_id, event_seq: this.nextSeq() });
  }

  #keep(type, payload, rest) {
    const frame = { arcp: "1.1", id: `msg_${ulid()}`, type, session_id: this.session, ...rest, payload };
    if (frame.event_seq !== undefined) this.runtime.log(this.session).frames.push(frame);
    this.#put(frame);
    this.#count(frame);
    return frame;
  }

  // What was sent in the life of this connection has a bound that acknowledgements don't raise.
  #count(frame) {
    this.#frames += 1;
    this.#bytes += JSON.stringify(frame).length;
    if (this.closed || (this.#frames <= this.runtime.maxFrames && this.#bytes <= maxBytes)) return;
    this.fail("INTERNAL_ERROR", "Per-session buffered envelope cap exceeded", true);
    for (const job of this.jobs.values()) job.stop("session cap exceeded");
    this.#end();
  }

  fail(code, message, retryable = false) {
    if (this.closed) return;
    const session = this.session === undefined ? {} : { session_id: this.session };
    this.#put({
      arcp: "1.1",
      id: `msg_${ulid()}`,
      type: "session.error",
      ...session,
      payload: { code, message, retryable },
    });
  }

  /** How it refuses most of what names a job: numbered, as if a job had ended. */
  refuse(job, code, message, more = {}) {
    const payload = { final_status: "error", code, message, retryable: false, ...more };
    this.send("job.error", payload, { job_id: job, event_seq: this.nextSeq() });
  }

  #put(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  #end() {
    this.closed = true;
    clearInterval(this.#beat);
    for (const job of this.followed) this.runtime.followers.get(job)?.delete(this);
    this.socket.close();
  }

  #take(data, binary) {
    if (binary || this.closed) return;
    let frame;
    try {
      frame = JSON.parse(data.toString());
    } catch {
      return;
    }
    if (frame === null || typeof frame !== "object" || Array.isArray(frame)) return;
    this.runtime.seen.push({ connection: this.number, in: frame });
    this.#heard = Date.now();
    const { arcp, id, type, payload, session_id: session } = frame;
    if (arcp !== "1.1" || typeof id !== "string" || id === "" || typeof type !== "string") return;
    const isHello = type === "session.hello";
    if ((!isHello && typeof session !== "string") || (this.#beat === undefined && !isHello)) return;
    if (this.session !== undefined && session === this.session && !/^session\.(ping|pong|ack)$/.test(type)) {
      const { ids } = this.runtime.log(this.session);
      if (ids.has(id)) return;
      ids.add(id);
    }
    if (payload === null || typeof payload !== "object")
      return this.fail("INVALID_REQUEST", "Invalid envelope: payload");
    if (isHello) return this.#hello(payload);
    this.#answer(type, payload, frame);
  }

  #hello({ client, auth, capabilities, resume }) {
    if (this.#beat !== undefined) return this.fail("INVALID_REQUEST", "session.hello received in non-opening phase");
    if (!client?.name || auth?.scheme !== "bearer" || typeof auth.token !== "string") {
      return this.fail("INVALID_REQUEST", "Invalid envelope: session.hello");
    }
    const principal = this.runtime.tokens.get(auth.token);
    if (principal === undefined) return this.fail("UNAUTHENTICATED", "Unknown bearer token");
    const replayed = resume === undefined ? [] : this.#resume(resume);
    if (replayed === undefined) return;
    this.session = resume?.session_id ?? `sess_${ulid()}`;
    this.principal = principal;
    this.features = this.runtime.offers.filter((feature) => capabilities?.features?.includes(feature));
    const token = `rt_${randomBytes(32).toString("hex")}`;
    this.runtime.resumable.set(this.session, { token, until: Date.now() + this.runtime.resume * 1000 });
    this.#beat = setInterval(() => this.#heartbeat(), this.runtime.heartbeat * 1000);
    if (!this.features.includes("heartbeat")) clearInterval(this.#beat);
    this.send("session.welcome", {
      runtime: { name: "typescript-like", version: "2.0.0" },
      resume_token: token,
      resume_window_sec: this.runtime.resume,
      ...(this.features.includes("heartbeat") ? { heartbeat_interval_sec: this.runtime.heartbeat } : {}),
      capabilities: {
        encodings: ["json"],
        agents: inventory,
        ...(this.features.length ? { features: this.features } : {}),
      },
    });
    for (const frame of replayed) {
      this.#put(frame);
      this.#seq = frame.event_seq;
    }
    if (resume) this.#seq = Math.max(this.#seq, resume.last_event_seq);
  }

  // Whose the session is isn't asked; a connection that still has it goes on, with the jobs that run in it.
  #resume({ session_id: session, resume_token: token, last_event_seq: last }) {
    this.session ??= session;
    const expired = (message) => this.fail("RESUME_WINDOW_EXPIRED", message);
    const record = this.runtime.resumable.get(session);
    if (record?.token !== token) return expired("Invalid or unknown resume_token");
    if (record.until < Date.now()) return expired("Resume window has expired");
    const { frames } = this.runtime.log(session);
    if (frames.length === 0) return last > 0 ? expired("Resume buffer no longer covers last_event_seq") : [];
    const newest = Math.max(...frames.map((frame) => frame.event_seq));
    if (last > newest) return expired("last_event_seq is beyond the buffered event window");
    const replayed = frames.filter((frame) => frame.event_seq > last).sort((a, b) => a.event_seq - b.event_seq);
    if (replayed.some((frame, n) => frame.event_seq !== last + 1 + n)) return expired("Resume buffer has a gap");
    // Nothing to replay counts as a replay that was cut short.
    if (replayed.length === 0 || replayed.length > 10_000) return expired("Resume buffer exceeds the replay cap");
    return replayed;
  }

  #answer(type, payload, frame) {
    const has = (feature) => this.features.includes(feature);
    if (type === "session.ping") {
      return this.send("session.pong", { ping_nonce: payload.nonce, received_at: new Date().toISOString() });
    }
    if (type === "session.pong") return;
    if (type === "session.ack") {
      if (has("ack")) this.#acked = Math.max(this.#acked, payload.last_processed_seq);
      return;
    }
    if (type === "session.bye") return this.#end();
    if (type === "job.submit") return submit(this, payload, frame);
    if (type === "job.cancel") return cancel(this, payload, frame.job_id);
    if (type === "session.list_jobs") {
      if (!has("list_jobs")) return this.fail("INVALID_REQUEST", "session.list_jobs requires the 'list_jobs' feature");
      return list(this, payload, frame.id);
    }
    if (type === "job.subscribe") {
      if (!has("subscribe")) return this.fail("INVALID_REQUEST", "job.subscribe requires the 'subscribe' feature");
      return follow(this, payload);
    }
    if (type === "job.unsubscribe") {
      this.followed.delete(payload.job_id);
      this.runtime.followers.get(payload.job_id)?.delete(this);
      return;
    }
    const kind = unknownCore.has(type) ? "Unknown core message type" : "Not supported:";
    this.fail("INVALID_REQUEST", `${kind} "${type}"`);
  }

  #heartbeat() {
    const interval = this.runtime.heartbeat * 1000;
    if (Date.now() - this.#heard > 2 * interval) {
      this.fail("HEARTBEAT_LOST", "No inbound activity within 2× heartbeat");
      return this.#end();
    }
    this.#put({
      arcp: "1.1",
      id: `msg_${ulid()}`,
      type: "session.ping",
      session_id: this.session,
      payload: { nonce: `msg_${ulid()}`, sent_at: new Date().toISOString() },
    });
  }

  // More than a thousand events unacknowledged: its newest job says so once, with an event of its own.
  #press() {
    if (!this.features.includes("ack")) return;
    const lag = this.#seq - this.#acked;
    if (lag <= 500) this.#pressed = false;
    if (lag <= 1000 || this.#pressed || this.closed) return;
    this.#pressed = true;
    [...this.jobs.values()].at(-1)?.event("status", { phase: "back_pressure", message: `event_seq lag ${lag}` });
  }
}
