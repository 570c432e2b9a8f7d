// Two users and what they want of a runtime that is harmed meanwhile: it says what is wrong with what they got.

import assert from "node:assert/strict";
import { bounded } from "../../lib/bounded.mjs";
import { faultsOf } from "./account.mjs";
import { ReturningSession } from "./session.mjs";

/** So many jobs run at a time. */
const RUNNING = 20;

/** Each stage has users of its own: a Worker may see several. */
let stages = 0;

/** Their sessions and jobs: two users, one of whom has three sessions, of which one only watches. */
export class Stage {
  /** Frames that came, of all sessions together: a test may begin anew. */
  frames = 0;
  #harms = 0;
  #worker;
  #alice;
  #bob;
  #random;
  #waiting = new Set();
  #submitters;
  #watcher;
  #all;
  #jobs = [];

  constructor({ worker, random }) {
    this.#worker = worker;
    this.#random = random;
    stages += 1;
    this.#alice = `alice ${stages}`;
    this.#bob = `bob ${stages}`;
    this.#submitters = [this.#alice, this.#alice, this.#bob].map((token) => this.#session(token));
    this.#watcher = this.#session(this.#alice);
    this.#all = [...this.#submitters, this.#watcher];
  }

  #session(token) {
    const onFrame = () => {
      this.frames += 1;
      this.#watch();
      for (const look of this.#waiting) look();
    };
    return Object.assign(new ReturningSession({ worker: this.#worker, token, random: this.#random, onFrame }), {
      token,
    });
  }

  /** Until what `look` says is so, or nothing has come for long. */
  async until(look, what, patienceMs = 20_000) {
    if (look()) return;
    let seen;
    const found = new Promise((resolve) => {
      seen = () => (look() || this.#all.some(({ faults }) => faults.length > 0)) && resolve();
      this.#waiting.add(seen);
    });
    try {
      await bounded(found, what, patienceMs);
    } finally {
      this.#waiting.delete(seen);
    }
    assert.deepEqual(
      this.#all.flatMap(({ faults }) => faults),
      [],
    );
  }

  /** From now on runs may be lost. */
  harmed() {
    this.#harms += 1;
    this.frames = 0;
  }

  /** How sockets have ended, of each session from the first one on. */
  get closes() {
    return this.#all.flatMap((session) => session.closes);
  }

  refill() {
    const random = this.#random;
    for (let running = this.#jobs.filter((job) => !this.#hasEnded(job)).length; running < RUNNING; running += 1) {
      const session = random.oneOf(this.#submitters);
      const agent = random.oneOf(["count", "count", "chunks", "bursts", "endless", "echo"]);
      const job = {
        agent,
        input: { to: random.between(3, 40), delayMs: random.between(0, 25) },
        key: random.once(0.6) ? `key ${this.#jobs.length}` : undefined,
        session,
        harms: this.#harms,
        // Of whoever is asked to end: after so many of its frames.
        patience: agent === "endless" || random.once(0.2) ? random.between(1, 30) : undefined,
        isWatched: session.token === this.#alice && random.once(0.5),
      };
      this.#jobs.push(job);
      session.submit(job);
    }
  }

  // Whatever a user does because of what was told.
  #watch() {
    for (const job of this.#jobs) {
      if (job.id === undefined || job.isSettled) continue;
      const { session, patience } = job;
      if (job.isWatched) this.#watcher.follow(job);
      if (!job.isCancelAsked && session.viewOf(job.id).length >= patience) session.cancel(job);
      if (!this.#hasEnded(job)) continue;
      job.isSettled = true;
      job.mayBeLost = this.#harms > job.harms;
    }
  }

  #hasEnded = (job) =>
    job.id !== undefined &&
    job.session.hasEnd(job.id) &&
    (!job.isWatched || (this.#watcher.isFollowing(job) && this.#watcher.hasEnd(job.id)));

  isQuiet = () => this.#jobs.every((job) => job.isSettled);

  /** Until every job has its end: those that would go on for ever are cancelled. */
  async settle() {
    for (const job of this.#jobs) if (job.agent === "endless" && !job.isSettled) job.patience = 0;
    this.#watch();
    await this.until(() => this.isQuiet(), "end of all jobs");
  }

  // New sessions ask for everything once more: by its key, or as who follows.
  async #readAgain() {
    const late = Object.fromEntries([this.#alice, this.#bob].map((token) => [token, this.#session(token)]));
    const readers = Object.values(late);
    this.#all.push(...readers);
    await this.until(() => readers.every(({ welcomes }) => welcomes > 0), "late sessions");
    for (const { id, agent, input, key, session } of this.#jobs) {
      const reader = late[session.token];
      if (key !== undefined) reader.submit({ agent, input, key });
      else reader.follow({ id });
    }
    const hasAll = () => this.#jobs.every(({ id, session }) => late[session.token].hasEnd(id));
    await this.until(hasAll, "everything once more");
    return late;
  }

  /** What is wrong, in words, once all is settled. */
  async faults() {
    const late = await this.#readAgain();
    const faults = this.#all.flatMap((session) => session.faults);
    const listed = new Map();
    for (const [token, reader] of Object.entries(late)) {
      for (const { job_id, status } of await reader.list()) listed.set(job_id, { status, token });
    }
    for (const job of this.#jobs) {
      const { id, agent, key, session, isWatched, mayBeLost } = job;
      const views = [session.viewOf(id), late[session.token].viewOf(id)];
      if (isWatched) views.push(this.#watcher.viewOf(id));
      for (const one of faultsOf(job, views[0], { mayBeLost })) faults.push(`${agent} ${id}: ${one}`);
      const [own, ...others] = views.map((view) => JSON.stringify(view));
      for (const other of others) if (other !== own) faults.push(`${agent} ${id} is ${own} and ${other}`);
      const again = late[session.token].jobs.find((one) => key !== undefined && one.key === key);
      if (again && again.id !== id) faults.push(`${key} gives ${again.id}, and gave ${id}`);
      if (listed.get(id)?.status !== views[0].at(-1).payload.final_status)
        faults.push(`${id} is listed as ${listed.get(id)?.status}`);
      listed.delete(id);
    }
    // Whose answer was under way at a kill may be there without anybody who knows its number.
    const doubtful = this.#submitters.reduce((sum, session) => sum + session.doubtful, 0);
    if (listed.size > doubtful) faults.push(`${listed.size} jobs that nobody wanted, and ${doubtful} may be`);
    return faults;
  }

  summary() {
    const count = (look) => this.#jobs.filter(look).length;
    const status = (job) => job.session.viewOf(job.id).at(-1).payload.final_status;
    const told = this.#all.reduce((sum, { last }) => sum + last, 0);
    return `${this.#harms} times harmed, ${this.#jobs.length} jobs (${count((job) => status(job) === "success")} done, ${count(
      (job) => status(job) === "cancelled",
    )} cancelled, ${count((job) => status(job) === "error")} lost), ${told} numbered frames, ${this.#all.reduce(
      (sum, { welcomes }) => sum + welcomes,
      0,
    )} welcomes`;
  }

  hearsay = () =>
    this.#jobs
      .filter((job) => !job.isSettled)
      .map(({ agent, key, id, isCancelAsked, isWatched }) =>
        JSON.stringify({ agent, key, id, isCancelAsked, isWatched }),
      )
      .join("\n");

  stop = () => Promise.all(this.#all.map((session) => session.stop()));
}
