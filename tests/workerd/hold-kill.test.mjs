// Sessions are held in a process that is killed, again and again, while the runtime behind it runs jobs. That runtime forgets what
// was acknowledged to it: what it forgot too early is lost for good. Every event reaches its client, in its order and once, in the
// session in which its job was submitted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { bounded } from "../lib/bounded.mjs";
import { chance, seed } from "../lib/chance.mjs";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { faultsOf } from "./hub-kill/account.mjs";
import { ReturningSession } from "./hub-kill/session.mjs";

const KILLS = Number(process.env.ARCGATE_KILLS ?? 15);
/** After so many frames at the most something is lost. */
const FRAMES = 300;
/** So many jobs run at a time. */
const RUNNING = 12;

let runtime;
let worker;
before(async () => {
  runtime = await startConformingRuntime(waitsForTokens);
  worker = await durableWorkerd(
    fileURLToPath(new URL("hold/worker.js", import.meta.url)),
    { SESSION_HOLD: "SessionHold", REVOCATIONS: "RevocationStore" },
    { bundling: { define: { UPSTREAM: JSON.stringify(runtime.url) } } },
  );
});
after(async () => {
  await worker?.close();
  await runtime?.close();
});

/** Tokens of welcomes that may not have been read are good, until something is said that follows from a later one. */
function waitsForTokens(conforming) {
  conforming.principals = { "up-alice": "alice", "up-bob": "bob" };
  // Nothing is lost by a machine that is slow.
  conforming.intervalSec = 30;
  conforming.refused = [];
  const { freshToken, heard, again } = conforming;
  Object.assign(conforming, {
    freshToken(session) {
      const token = freshToken();
      session.tokens = [...(session.tokens ?? []), token];
      return token;
    },
    heard(connection, ...message) {
      if (connection.session) connection.session.tokens = [connection.session.token];
      heard.call(conforming, connection, ...message);
    },
    resumed(principal, { session_id, resume_token, last_event_seq }) {
      const session = conforming.sessions.get(session_id);
      const isKnown = session?.principal === principal && session.tokens.includes(resume_token);
      if (isKnown && last_event_seq >= session.freed) return session;
      const what = isKnown ? `from ${last_event_seq} on, of which ${session.freed} are forgotten` : "with an old token";
      conforming.refused.push(`${session_id} ${what}`);
    },
    again(session, job, request) {
      job.again = (job.again ?? 0) + 1;
      return again.call(conforming, session, job, request);
    },
  });
}

/** A session's job is whole when the one who submitted it has its end. */
class Jobs {
  all = [];
  #random;
  #sessions;

  constructor({ sessions, random }) {
    this.#sessions = sessions;
    this.#random = random;
  }

  refill() {
    const random = this.#random;
    for (let running = this.all.filter((job) => !this.hasEnd(job)).length; running < RUNNING; running += 1) {
      const job = {
        agent: random.oneOf(["count", "count", "count", "echo"]),
        input: { to: random.between(1, 200), delayMs: random.between(0, 20) },
        key: `key ${this.all.length}`,
        session: random.oneOf(this.#sessions),
        patience: random.once(0.2) ? random.between(1, 50) : undefined,
      };
      this.all.push(job);
      job.session.submit(job);
    }
  }

  /** Some are asked to end before they would. */
  cancel() {
    for (const job of this.all)
      if (!job.isCancelAsked && job.session.viewOf(job.id).length >= job.patience) job.session.cancel(job);
  }

  hasEnd = ({ id, session }) => id !== undefined && session.hasEnd(id);

  isQuiet = () => this.all.every(this.hasEnd);

  /** What is wrong with what came of them, in words. */
  faults = () =>
    this.all.flatMap((job) => {
      const view = [...job.session.viewOf(job.id)];
      // Whoever has lost an answer asks again, and is told the end once more for each time.
      for (let { again = 0 } = runtime.jobs.get(job.id); again > 0; again -= 1)
        if (isDeepStrictEqual(view.at(-1), view.at(-2))) view.pop();
      return faultsOf(job, view, { mayBeLost: false }).map((one) => `${job.agent} ${job.id}: ${one}`);
    });
}

test("killed at random moments of running jobs, cut at either side between them: every event comes, in its order and once", {
  timeout: 60_000 + KILLS * 4000,
}, async (t) => {
  const number = seed();
  const random = chance(number);
  t.diagnostic(`ARCGATE_SEED=${number}`);
  let frames = 0;
  let look = () => {};
  let jobs;
  const onFrame = () => {
    frames += 1;
    jobs.cancel();
    look();
  };
  const sessions = ["alice", "alice", "bob"].map((token) => new ReturningSession({ worker, token, random, onFrame }));
  jobs = new Jobs({ sessions, random });
  const faults = () => [...runtime.refused, ...sessions.flatMap((session) => session.faults)];

  async function until(isSo, what) {
    const seen = new Promise((resolve) => {
      look = () => (isSo() || faults().length > 0) && resolve();
      look();
    });
    await bounded(seen, what, 30_000);
    assert.deepEqual(faults(), []);
  }

  const cuts = {
    upstream: () => runtime.sockets.clients.forEach((socket) => void socket.terminate()),
    clients: () => random.oneOf(sessions).cut(),
  };
  const made = { upstream: 0, clients: 0 };
  try {
    for (let kill = 1; kill <= KILLS; ) {
      jobs.refill();
      frames = 0;
      // Now and then while they are only coming back.
      const moment = random.once(0.2) ? random.between(1, 6) : random.between(1, FRAMES);
      await until(() => frames >= moment || jobs.isQuiet(), `frame ${moment} after kill ${kill - 1}`);
      const side = random.oneOf(["process", "process", "upstream", "clients"]);
      if (side !== "process") {
        made[side] += 1;
        cuts[side]();
        continue;
      }
      await worker.kill();
      kill += 1;
      await worker.start();
    }
    await until(jobs.isQuiet, "end of all jobs");
    assert.deepEqual(jobs.faults(), []);
    assert.equal(runtime.sessions.size, sessions.length, "each is the same session there all the time");
    assert.equal(runtime.jobs.size, jobs.all.length, "no job ran twice");
    const told = sessions.reduce((sum, { last }) => sum + last, 0);
    t.diagnostic(
      `${KILLS} kills, ${made.upstream} cuts at the runtime's side, ${made.clients} at a client's; ${jobs.all.length} jobs, ${told} numbered frames`,
    );
  } catch (error) {
    const waiting = jobs.all.filter((job) => !jobs.hasEnd(job)).map(({ agent, id, key }) => `${agent} ${id} ${key}`);
    error.message += `\nARCGATE_SEED=${number}\n${waiting.join("\n")}\n${worker.log.slice(-5).join("\n")}`;
    throw error;
  } finally {
    await Promise.all(sessions.map((session) => session.stop()));
  }
});
