// A welcomed session: what a rule asks of it, and what came of that.

import type { Connection } from "./connection.js";
import { isTerminal, type Json, jobOf, listOf, type Message, objectOf, ulid } from "./messages.js";
import { Inapplicable, Unmet } from "./verdict.js";

/** More pages of a list are not looked at. */
const MAX_PAGES = 30;

/** A request's answer: what was asked for, or a refusal. `from` is the place of what came after the request. */
export interface Answer {
  accepted?: Message;
  refused?: Message;
  from: number;
}

export interface Job {
  id: string;
  accepted: Message;
  session: Session;
}

export class Session {
  readonly connection: Connection;
  readonly welcome: Message;
  readonly id: string;
  /** The features in force: what both sides have named. */
  readonly features: ReadonlySet<string>;
  /** Jobs that were accepted here, so that a job's error is told apart from a refusal, and so that none is left running. */
  readonly jobs = new Set<unknown>();
  /** So many of the events at its beginning were asked for a second time, to be let in at all. */
  repeated = 0;

  constructor(connection: Connection, welcome: Message, offered: readonly string[]) {
    this.connection = connection;
    this.welcome = welcome;
    this.id = String(welcome.session_id ?? welcome.payload.session_id);
    const theirs = new Set(listOf((welcome.payload.capabilities as Json | undefined)?.features));
    this.features = new Set(offered.filter((feature) => theirs.has(feature)));
  }

  get resumeToken(): unknown {
    return this.welcome.payload.resume_token;
  }

  /** Sends a message of this session. Gives its id. */
  send(type: string, payload: unknown = {}, changes: Json = {}): string {
    return this.connection.send(type, payload, { session_id: this.id, ...changes });
  }

  /** The rule is not applicable where a feature was not agreed on. */
  needs(...features: string[]): void {
    const missing = features.filter((feature) => !this.features.has(feature));
    if (missing.length) throw new Inapplicable(`the runtime does not offer the feature ${missing.join(", ")}`);
  }

  /** Submits a job. One at a time: not every runtime says which request it answers. */
  async submit(payload: Json, changes: Json = {}): Promise<Answer> {
    const from = this.connection.received.length;
    const request = this.send("job.submit", payload, changes);
    const answer = await this.#answer("job.accepted", request, from, "answer to job.submit");
    if (answer.accepted) this.jobs.add(jobOf(answer.accepted));
    return answer;
  }

  /** Submits a job that must be accepted. */
  async start(payload: Json, changes: Json = {}): Promise<Job> {
    const { accepted, refused } = await this.submit(payload, changes);
    if (!accepted && refused?.payload.code === "AGENT_NOT_AVAILABLE")
      throw new Inapplicable(`the runtime has no agent ${String(payload.agent)}: --agent and --slow-agent name others`);
    if (!accepted) throw new Unmet(`the job was refused: ${describeError(refused)}`);
    const id = jobOf(accepted);
    if (typeof id !== "string") throw new Unmet("job.accepted names no job");
    return { id, accepted, session: this };
  }

  /** A list of jobs, or the refusal. */
  list(payload: Json = {}): Promise<Answer> {
    const from = this.connection.received.length;
    return this.#answer("session.jobs", this.send("session.list_jobs", payload), from, "answer to session.list_jobs");
  }

  /** The list's entries; it must be given. */
  async jobsListed(payload: Json = {}): Promise<Json[]> {
    const { accepted, refused } = await this.list(payload);
    if (!accepted) throw new Unmet(`the list was refused: ${describeError(refused)}`);
    if (!Array.isArray(accepted.payload.jobs)) throw new Unmet("session.jobs has no list of jobs");
    return accepted.payload.jobs as Json[];
  }

  /** A job's entry, on whichever page of the list it is. */
  async listed(job: string, filter: Json = {}): Promise<Json | undefined> {
    let cursor: unknown = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { accepted, refused } = await this.list({ filter, limit: 100, cursor });
      if (!accepted) throw new Unmet(`the list was refused: ${describeError(refused)}`);
      const entry = listOf(accepted.payload.jobs)
        .map(objectOf)
        .find(({ job_id }) => job_id === job);
      cursor = accepted.payload.next_cursor ?? null;
      if (entry || cursor === null) return entry;
    }
    return undefined;
  }

  async subscribe(payload: Json): Promise<Answer> {
    const from = this.connection.received.length;
    const request = this.send("job.subscribe", payload);
    return this.#answer("job.subscribed", request, from, "answer to job.subscribe");
  }

  async #answer(type: string, request: string, from: number, what: string): Promise<Answer> {
    const isOurs = ({ payload }: Message) => payload.request_id === undefined || payload.request_id === request;
    // An idempotent answer may be the first one's, with its request.
    const isAccepted = (message: Message) => message.type === type && (type === "job.accepted" || isOurs(message));
    // What is told of a job that has ended before is of the request: some refuse a key under its first job's id.
    const ended = new Set(
      this.connection.received.slice(0, from).map(({ message }) => message && isTerminal(message) && jobOf(message)),
    );
    const isRefused = (message: Message) => {
      if (message.type === "session.error") return isOurs(message);
      const job = jobOf(message);
      return message.type === "job.error" && isOurs(message) && (!this.jobs.has(job) || ended.has(job));
    };
    const { message } = await this.connection.find((one) => isAccepted(one) || isRefused(one), what, { from });
    return isAccepted(message) ? { accepted: message, from } : { refused: message, from };
  }

  /** A job's end. */
  async end(job: string, { ms, from = 0 }: { ms?: number; from?: number } = {}): Promise<Message> {
    const isEnd = (message: Message) => isTerminal(message) && jobOf(message) === job;
    return (await this.connection.find(isEnd, `end of the job ${job}`, { from, ...(ms !== undefined && { ms }) }))
      .message;
  }

  /** The events of a job that have come, and its end. */
  heard(job: string, from = 0): Message[] {
    return this.connection.received.slice(from).flatMap(({ message }) => {
      if (!message || jobOf(message) !== job) return [];
      return message.type === "job.event" || isTerminal(message) ? [message] : [];
    });
  }

  /** Waits for so many events of a job. */
  async events(job: string, count: number, { from = 0, ms }: { from?: number; ms?: number } = {}): Promise<Message[]> {
    let seen = 0;
    await this.connection.find(
      (message) => message.type === "job.event" && jobOf(message) === job && ++seen === count,
      `${count} events of the slow job`,
      { from, ...(ms !== undefined && { ms }) },
    );
    return this.heard(job, from);
  }

  /** What came with a number, in order. */
  numbered(from = 0): { seq: number; message: Message }[] {
    return this.connection.received.slice(from).flatMap(({ message }) => {
      const seq = message?.event_seq;
      return message && typeof seq === "number" ? [{ seq, message }] : [];
    });
  }

  /** The highest number so far. */
  get lastSeq(): number {
    return this.numbered().reduce((highest, { seq }) => Math.max(highest, seq), 0);
  }

  /** Waits until what was sent has been worked on: for an answer to something small, since a runtime reads in order. */
  async settle(ms = 2000): Promise<void> {
    const { connection, features } = this;
    if (features.has("heartbeat")) {
      const nonce = `p_${ulid()}`;
      this.send("session.ping", { nonce, sent_at: new Date().toISOString() });
      await connection.seek(({ type, payload }) => type === "session.pong" && payload.ping_nonce === nonce, { ms });
    }
    // A gate may answer pings itself, and not what stands behind it. An error that is under way is not the list's.
    for (let tries = 0; features.has("list_jobs") && tries < 3; tries += 1) {
      const answer = await this.list({ limit: 1 }).catch(() => undefined);
      if (!answer?.refused) return;
    }
    if (!features.has("heartbeat")) await new Promise((resolve) => setTimeout(resolve, 500));
  }

  cancel(job: string, changes: Json = {}): string {
    const id = this.send("job.cancel", { reason: "conformance", job_id: job }, { job_id: job, ...changes });
    return id;
  }

  /** Ends what is running, and the session. */
  async leave(): Promise<void> {
    if (!this.connection.isOpen) return;
    for (const job of this.jobs) if (typeof job === "string" && !this.heard(job).some(isTerminal)) this.cancel(job);
    this.send("session.bye", { reason: "conformance" });
    this.connection.close();
    await this.connection.ended(2000);
  }
}

/** An error in words. */
export function describeError(message: Message | undefined): string {
  if (!message) return "no answer";
  return `${message.type} ${String(message.payload.code ?? "without a code")}`;
}
