// What a rule tries things with: connections and sessions of its own, which end with it.

import { Connection, type Received } from "./connection.js";
import { everyFeature, type Json, type Message } from "./messages.js";
import type { Target } from "./options.js";
import { howRefused } from "./refusal.js";
import type { Secrets } from "./secrets.js";
import { Session } from "./session.js";
import { type Frame, Inapplicable, Unmet } from "./verdict.js";
import { NotOpened } from "./websocket/upgrade.js";

/** So many lines of evidence are kept from the beginning, and as many from the end. */
const KEPT = 40;
/** So long a runtime may take to notice that a connection is gone, before a refused resume is one. */
const NOTICE_MS = 3000;

/** How a hello was answered. */
export interface Greeting {
  connection: Connection;
  welcome?: Message;
  error?: Message;
}

export interface HelloOptions {
  token?: string | undefined;
  features?: readonly string[];
  /** Members of the payload instead of the usual. */
  payload?: Json;
  /** Members of the envelope. */
  changes?: Json;
  /** No second way is tried where a resume is refused. */
  isStrict?: boolean;
}

/** How the runtime takes a session up again: `resume` in the hello (v1.0), or `session.resume` (§6.3's prose). */
export type ResumeDialect = "hello" | "message";

/** What all rules of a run share. */
export interface Run {
  target: Target;
  secrets: Secrets;
  observe(received: Received): void;
  connections: number;
  resumeDialect: ResumeDialect | undefined;
  /** What several rules look at and one does, by name: the frames of it belong to each. */
  shared: Map<string, Promise<unknown>>;
}

export class Context {
  readonly run: Run;
  readonly target: Target;
  readonly frames: Frame[] = [];
  readonly notes: string[] = [];
  readonly #startMs = performance.now();
  readonly #connections: Connection[] = [];
  readonly #sessions: Session[] = [];

  constructor(run: Run) {
    this.run = run;
    this.target = run.target;
  }

  /** Says which of several readings was met. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  get token2(): string {
    if (this.target.token2 === undefined) throw new Inapplicable("needs --token2, a token of another principal");
    return this.target.token2;
  }

  /** Opens a WebSocket that says nothing yet. A 429 is waited out for a while: the runner asks for many. */
  async open(): Promise<Connection> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#opened();
      } catch (error) {
        if (!(error instanceof NotOpened) || error.status !== 429 || tries > 3) throw error;
        await this.pause(tries * 1000);
      }
    }
  }

  async #opened(): Promise<Connection> {
    this.run.connections += 1;
    const connection = await Connection.open({
      url: this.target.url,
      number: this.run.connections,
      timeoutMs: this.target.timeoutMs,
      ...(this.target.ca !== undefined && { ca: this.target.ca }),
      secrets: this.run.secrets,
      record: (frame) => this.#record(frame),
      observe: this.run.observe,
    });
    this.#connections.push(connection);
    return connection;
  }

  #record(frame: Omit<Frame, "ms">): void {
    this.frames.push({ ...frame, ms: Math.round(performance.now() - this.#startMs) });
    if (this.frames.length <= 2 * KEPT) return;
    this.frames.splice(KEPT, 1);
    this.frames[KEPT] = { connection: 0, ms: 0, direction: "happened", text: "… what came between is left out" };
  }

  /** The payload of a hello. */
  helloPayload({ token = this.target.token, features = everyFeature, payload = {} }: HelloOptions = {}): Json {
    return {
      client: { name: "arcgate-conformance", version: "1" },
      auth: { scheme: "bearer", token },
      capabilities: { encodings: ["json"], features },
      ...payload,
    };
  }

  /** Opens a connection, says hello, and gives what came of it. */
  async greet(options: HelloOptions = {}): Promise<Greeting> {
    const connection = await this.open();
    connection.send("session.hello", this.helloPayload(options), options.changes);
    return this.greeting(connection);
  }

  /** The first welcome or error of a connection, from a place on. */
  async greeting(connection: Connection, from = 0): Promise<Greeting> {
    const isAnswer = ({ type }: Message) => type === "session.welcome" || type === "session.error";
    const found = await connection.seek(isAnswer, { from });
    if (found?.message.type === "session.welcome") return { connection, welcome: found.message };
    return { connection, ...(found && { error: found.message }) };
  }

  /** A session; it must be welcomed. */
  async session(options: HelloOptions = {}): Promise<Session> {
    const { connection, welcome, error } = await this.greet(options);
    if (!welcome) throw new Unmet(`no session.welcome: ${await howRefused(connection, error)}`);
    return this.adopt(connection, welcome, options.features);
  }

  /** Makes a session of what was welcomed, which ends with the rule. */
  adopt(connection: Connection, welcome: Message, features: readonly string[] = everyFeature): Session {
    const session = new Session(connection, welcome, features);
    this.#sessions.push(session);
    return session;
  }

  /** Asks for a session back once. The members may be another's, or wrong. */
  async askBack(resume: Json, options: HelloOptions = {}): Promise<Greeting> {
    const connection = await this.open();
    if (this.run.resumeDialect === "message") {
      const { auth } = this.helloPayload(options);
      connection.send("session.resume", { ...resume, auth });
      return this.greeting(connection);
    }
    const payload = { ...options.payload, resume };
    connection.send("session.hello", this.helloPayload({ ...options, payload }), options.changes);
    return this.greeting(connection);
  }

  /** What asks for a session back. */
  resumption(session: Session, lastSeq = session.lastSeq): Json {
    return { session_id: session.id, resume_token: session.resumeToken, last_event_seq: lastSeq };
  }

  /**
   * Takes a session up again, which must succeed. Where the runtime may not have noticed yet that the old connection is gone, it
   * is asked again for a while; where it refuses who has seen everything (which rule 133 judges), for one event more.
   */
  async resume(session: Session, lastSeq = session.lastSeq, options: HelloOptions = {}): Promise<Session> {
    if (!this.run.resumeDialect)
      throw new Unmet("no session came back: neither `resume` in session.hello nor session.resume");
    const until = performance.now() + NOTICE_MS;
    let after = lastSeq;
    for (let tries = 1; ; tries += 1) {
      const { connection, welcome, error } = await this.askBack(this.resumption(session, after), options);
      if (welcome) return this.#resumed(session, connection, welcome, { options, tries, repeated: lastSeq - after });
      const isCaughtUp = after === session.lastSeq && after > 0 && !options.isStrict;
      if (isCaughtUp && error?.payload.code === "RESUME_WINDOW_EXPIRED") {
        after -= 1;
        this.note("who has seen everything is refused (rule 133), and let in for one event more");
        continue;
      }
      if (performance.now() > until) throw new Unmet(`the resume was refused: ${await howRefused(connection, error)}`);
      await this.pause(250);
    }
  }

  #resumed(
    session: Session,
    connection: Connection,
    welcome: Message,
    { options, tries, repeated }: { options: HelloOptions; tries: number; repeated: number },
  ): Session {
    const resumed = this.adopt(connection, welcome, options.features);
    for (const job of session.jobs) resumed.jobs.add(job);
    if (resumed.id !== session.id) throw new Unmet("the resume was answered with a new session");
    if (tries > 1 && !repeated) this.note(`the resume was granted at try ${tries}`);
    resumed.repeated = repeated;
    return resumed;
  }

  /** Cuts a session's connection as a network does, so that the other end hears of it at once. */
  async lose(session: Session): Promise<void> {
    session.connection.cut();
    await this.pause(100);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** What several rules look at, done once. Its frames and its failure are of each. */
  async shared<T>(name: string, make: (context: Context) => Promise<T>): Promise<T> {
    const doing = this.run.shared.get(name) ?? share(new Context(this.run), make);
    this.run.shared.set(name, doing);
    const { value, error, from } = (await doing) as Shared<T>;
    this.frames.push(...from.frames);
    for (const note of from.notes) this.note(note);
    if (error) throw error;
    return value as T;
  }

  /** Ends what the rule has begun: its jobs, its sessions, its connections. */
  async end(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.leave()));
    for (const connection of this.#connections) connection.cut();
  }
}

interface Shared<T> {
  value?: T;
  error?: unknown;
  from: Context;
}

async function share<T>(from: Context, make: (context: Context) => Promise<T>): Promise<Shared<T>> {
  try {
    return { value: await make(from), from };
  } catch (error) {
    return { error, from };
  } finally {
    await from.end();
  }
}
