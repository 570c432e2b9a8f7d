// A raw client that comes back: whatever ends its socket, it resumes, and holds the runtime to what it was told before. It uses
// nothing of the package, and sees every frame.

import { isDeepStrictEqual } from "node:util";
import { frame as envelope, hello, rawSocket } from "../../lib/arcp.mjs";

const ends = new Set(["job.result", "job.error"]);
/** Of a session that nothing lets in again. */
const MOST_TRIES = 50;
/** Longer than the time in which the gate says at least that it is there. */
const PATIENCE_MS = 45_000;

/**
 * A session of `token` at `worker`, until `stop()`. `jobs` are what its user wants: each is submitted until it is accepted.
 * `faults` are what the runtime did wrong, in words; `onFrame` hears of each frame that comes.
 */
export class ReturningSession {
  faults = [];
  welcomes = 0;
  /** How each socket has ended on which the runtime has said something. */
  closes = [];
  /** Jobs that were submitted here. */
  jobs = [];
  /** By job: what came of it, a list for each time that it was followed from its beginning. */
  views = new Map();
  /** Submits without a key that were under way when a socket ended: each may have been taken. */
  doubtful = 0;
  id;
  #token;
  #worker;
  #random;
  #onFrame;
  #resumeToken;
  // The socket that was welcomed, and the one that may not be yet.
  #socket;
  #latest;
  #isStopped = false;
  // The frames that have come, by number; the last of them; what this connection must bring next; what was said to be had.
  #frames = new Map();
  #last = 0;
  #next = 1;
  #had = 0;
  #asked = new Map();
  #followed = new Map();

  constructor({ worker, token, random, onFrame = () => {} }) {
    this.#worker = worker;
    this.#token = token;
    this.#random = random;
    this.#onFrame = onFrame;
    this.ended = this.#live().catch(({ message }) => this.#fault(message));
  }

  get last() {
    return this.#last;
  }

  /** Wants a job: `{ agent, input, key }`. It gets an `id` when it is accepted. */
  submit(job) {
    this.jobs.push(job);
    if (this.#socket) this.#submit(job);
    return job;
  }

  /** Wants a job of somebody's from its beginning on. */
  follow(job) {
    if (this.#followed.has(job.id)) return;
    this.#followed.set(job.id, false);
    if (this.#socket) this.#subscribe(job.id);
  }

  cancel(job) {
    job.isCancelAsked = true;
    if (this.#socket) this.#cancel(job);
  }

  isFollowing = (job) => this.#followed.get(job.id) === true;

  /** What came of a job since it was followed last, in order: all of it. */
  viewOf = (id) => this.views.get(id)?.at(-1) ?? [];

  hasEnd = (id) => ends.has(this.viewOf(id).at(-1)?.type);

  async list() {
    const jobs = [];
    for (let cursor = null; cursor !== undefined; ) {
      const answer = new Promise((resolve) =>
        this.#asked.set(this.#say("session.list_jobs", { limit: 100, cursor }), resolve),
      );
      const page = await answer;
      jobs.push(...page.jobs);
      cursor = page.next_cursor ?? undefined;
    }
    return jobs;
  }

  /** Its connection ends, and it comes back. */
  cut() {
    this.#latest?.close();
  }

  async stop() {
    this.#isStopped = true;
    this.#latest?.close();
    await this.ended;
  }

  #fault(what) {
    this.faults.push(`${this.id ?? this.#token}, connection ${this.welcomes}: ${what}`);
    this.#onFrame();
  }

  #say(type, payload, changes) {
    return this.#socket.send(envelope(type, payload, { session_id: this.id, ...changes }));
  }

  async #live() {
    for (let tries = 0; !this.#isStopped && (await this.#worker.up()); tries += 1) {
      if (tries === MOST_TRIES) return this.#fault("is not let in again");
      const socket = await rawSocket(`${this.#worker.socketUrl}/arcp`, { patienceMs: PATIENCE_MS });
      if (!socket.open) continue;
      this.#latest = socket.socket;
      socket.send(hello(this.#token, this.#resumption()));
      const welcome = await socket.next();
      if (welcome.closed) continue;
      if (welcome.type === "session.error" && welcome.payload.retryable) {
        this.closes.push(await socket.closed());
        this.#onFrame();
        await pause(50);
        continue;
      }
      if (!this.#welcomed(welcome)) return socket.close();
      tries = 0;
      this.#socket = socket;
      this.#askAgain();
      let got = await socket.next();
      for (; !got.closed; got = await socket.next()) this.#take(got);
      this.#socket = undefined;
      if (!this.#isStopped) this.closes.push(got.closed);
      this.doubtful += this.jobs.filter(({ id, key }) => id === undefined && key === undefined).length;
      this.#onFrame();
    }
  }

  // From any number that it may still ask for: what comes again must be what came before.
  #resumption() {
    if (this.id === undefined) return {};
    const from = this.#random.once(0.5) ? this.#last : this.#random.between(this.#had, this.#last);
    this.#had = from;
    this.#next = from + 1;
    return { resume: { session_id: this.id, resume_token: this.#resumeToken, last_event_seq: from } };
  }

  #welcomed({ type, session_id, payload }) {
    if (type !== "session.welcome") {
      this.#fault(`is not welcomed: ${JSON.stringify({ type, code: payload?.code, message: payload?.message })}`);
      return false;
    }
    const id = session_id ?? payload.session_id;
    if (this.id !== undefined && this.id !== id) this.#fault(`is another session: ${id}`);
    this.id = id;
    this.#resumeToken = payload.resume_token;
    this.welcomes += 1;
    this.#onFrame();
    return true;
  }

  #askAgain() {
    // What was asked before stays asked: whoever holds a session may have the answer still.
    for (const job of this.jobs) {
      // Now and then also what is known: the answer must be what it was.
      if (job.id === undefined || (job.key !== undefined && this.#random.once(0.05))) this.#submit(job);
      if (job.isCancelAsked && job.id !== undefined && !this.hasEnd(job.id)) this.#cancel(job);
    }
    for (const [id, isFollowing] of this.#followed) if (!isFollowing) this.#subscribe(id);
  }

  #submit(job) {
    const { agent, input, key } = job;
    job.submits = (job.submits ?? 0) + 1;
    const id = this.#say("job.submit", { agent, input, ...(key === undefined ? {} : { idempotency_key: key }) });
    this.#asked.set(id, ({ job_id, ...accepted }) => this.#accepted(job, job_id, JSON.stringify(accepted)));
  }

  #accepted(job, id, accepted) {
    job.id ??= id;
    job.accepted ??= accepted;
    if (job.id !== id) this.#fault(`key ${job.key} gives ${id}, and gave ${job.id}`);
    if (job.accepted !== accepted) this.#fault(`${id} is accepted by ${accepted}, and was by ${job.accepted}`);
    if (job.isCancelAsked && !this.hasEnd(id)) this.#cancel(job);
  }

  #cancel(job) {
    if (job.id !== undefined) this.#say("job.cancel", { reason: "by the user" }, { job_id: job.id });
  }

  #subscribe(id) {
    this.#asked.set(this.#say("job.subscribe", { job_id: id, history: true }), () => {
      this.#followed.set(id, true);
      this.#begin(id);
    });
  }

  #begin(id) {
    const views = this.views.get(id) ?? [];
    views.push([]);
    this.views.set(id, views);
    return views.at(-1);
  }

  #take(got) {
    if (got.event_seq !== undefined) this.#takeNumbered(got);
    else if (got.type === "session.ping")
      this.#say("session.pong", { ping_nonce: got.payload.nonce, received_at: now() });
    else this.#takeAnswer(got);
    this.#onFrame();
    if (got.event_seq === undefined || this.#next <= this.#last || !this.#random.once(0.1)) return;
    this.#had = this.#last;
    this.#say("session.ack", { last_processed_seq: this.#last });
  }

  #takeAnswer({ type, job_id, payload }) {
    const { request_id, ...rest } = payload;
    const answered = this.#asked.get(request_id);
    this.#asked.delete(request_id);
    // The last word of a connection whose hub has failed: it may come back.
    if (type === "session.error" && request_id === undefined && payload.retryable) return;
    if (type.endsWith(".error")) this.#fault(`${type} ${payload.code}: ${payload.message}`);
    else answered?.({ job_id, ...rest });
  }

  #takeNumbered({ event_seq: seq, type, job_id, payload }) {
    if (seq !== this.#next) this.#fault(`number ${seq} comes instead of ${this.#next}`);
    this.#next = seq + 1;
    const text = JSON.stringify([type, job_id, payload]);
    const before = this.#frames.get(seq);
    if (before !== undefined && before !== text) this.#fault(`number ${seq} is ${text}, and was ${before}`);
    if (before !== undefined) return;
    this.#frames.set(seq, text);
    this.#last = Math.max(this.#last, seq);
    const view = this.views.get(job_id)?.at(-1) ?? this.#begin(job_id);
    if (!this.#isToldAgain(job_id, { type, payload })) view.push({ type, payload });
  }

  // Whoever asks with its key for a job that has ended here is told once more what came of it: its end, and the pieces of a result
  // before it.
  #isToldAgain(id, told) {
    const job = this.jobs.find((one) => one.id === id);
    if (!job?.key || !(job.submits > 1) || !this.hasEnd(id)) return false;
    const view = this.viewOf(id);
    const piece = view.at(-1).payload.result_id ? view.findIndex(({ payload }) => payload.kind === "result_chunk") : -1;
    const expected = view.slice(piece < 0 ? -1 : piece);
    job.told ??= 0;
    if (!isDeepStrictEqual(told, expected[job.told])) return false;
    job.told = (job.told + 1) % expected.length;
    if (job.told === 0) job.submits -= 1;
    return true;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => new Date().toISOString();
