// §6.3, §6.5, §8.3: what a lost connection costs, which is nothing.

import type { Context } from "../context.js";
import { isTerminal, jobOf, type Message } from "../messages.js";
import { howRefused } from "../refusal.js";
import type { TriedRule } from "../rule.js";
import { describeError, type Session } from "../session.js";
import { Unmet } from "../verdict.js";

/** A job that ran to its end, and the session that heard it. */
export async function heardJob(context: Context): Promise<Session> {
  const session = await context.session();
  const { id } = await session.start({ agent: context.target.slowAgent, input: context.target.shortInput });
  await session.end(id, { ms: 20_000 });
  return session;
}

/** What a message says, without what may differ when it is told again. */
export function saying({ type, payload }: Message): string {
  return JSON.stringify({ type, payload });
}

/** What is wrong with numbers that should go up by one from `before`. */
export function gapIn(numbers: readonly number[], before: number): string | undefined {
  let last = before;
  for (const number of numbers) {
    if (number !== last + 1) return `${number} comes after ${last}`;
    last = number;
  }
  return undefined;
}

/** Waits until a resumed session has told everything up to a number. */
async function replayed(session: Session, lastSeq: number): Promise<{ seq: number; message: Message }[]> {
  await session.connection.seek(({ event_seq }) => Number(event_seq) >= lastSeq);
  await session.settle();
  return session.numbered();
}

async function mustReplay(context: Context, session: Session, after: number): Promise<void> {
  const { lastSeq } = session;
  const before = session.numbered();
  await context.lose(session);
  const again = await replayed(await context.resume(session, after), lastSeq);
  const gap = gapIn(
    again.map(({ seq }) => seq),
    after,
  );
  if (gap) throw new Unmet(`resumed after ${after} of ${lastSeq}: ${gap}`);
  if (again.length !== lastSeq - after)
    throw new Unmet(`resumed after ${after} of ${lastSeq}: ${again.length} events came again`);
  for (const { seq, message } of again) {
    const first = before.find((one) => one.seq === seq);
    if (first && saying(first.message) !== saying(message)) throw new Unmet(`number ${seq} says something else now`);
  }
}

// Two jobs, cut in the middle of both, and taken up again from what had come.
async function cutTwoJobs(context: Context) {
  const session = await context.session();
  const submit = { agent: context.target.slowAgent, input: context.target.shortInput };
  const jobs = [await session.start(submit), await session.start(submit)].map(({ id }) => id);
  for (const job of jobs) await session.events(job, 5);
  const before = session.numbered();
  await context.lose(session);
  await context.pause(250);
  const resumed = await context.resume(session);
  const isOver = (job: string) => resumed.heard(job).some(isTerminal) || session.heard(job).some(isTerminal);
  await resumed.connection.until(() => jobs.every(isOver) || !resumed.connection.isOpen, 12_000);
  // Now: when the sessions leave they cancel their jobs, and what a runtime says to that is no end of one that it lost.
  return { jobs, before, after: resumed.numbered().slice(resumed.repeated), over: new Set(jobs.filter(isOver)) };
}

export const resumeRules: TriedRule[] = [
  {
    rule: "11",
    section: "6.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "the resume token changes with each welcome",
    async run(context) {
      const session = await heardJob(context);
      await context.lose(session);
      const resumed = await context.resume(session, session.lastSeq - 1);
      if (resumed.resumeToken === session.resumeToken) throw new Unmet("the second welcome has the first one's token");
      const another = await context.session();
      if (another.resumeToken === resumed.resumeToken) throw new Unmet("two sessions have one resume token");
    },
  },
  {
    rule: "13",
    section: "6.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "buffered events are replayed from `last_event_seq`",
    async run(context) {
      const session = await heardJob(context);
      await mustReplay(context, session, Math.floor(session.lastSeq / 3));
    },
  },
  {
    rule: "14",
    section: "6.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "RESUME_WINDOW_EXPIRED when the buffer no longer reaches back: never a gap in silence",
    async run(context) {
      const session = await heardJob(context);
      session.needs("ack");
      const { lastSeq } = session;
      session.send("session.ack", { last_processed_seq: lastSeq });
      await session.settle();
      await context.lose(session);
      const { connection, welcome, error } = await context.askBack(context.resumption(session, 0));
      if (!welcome) {
        if (error?.payload.code !== "RESUME_WINDOW_EXPIRED")
          throw new Unmet(`events that may be gone: ${await howRefused(connection, error)}`);
        return context.note("what is acknowledged is freed, and a resume from before is refused");
      }
      const again = await replayed(context.adopt(connection, welcome), lastSeq);
      const gap = gapIn(
        again.map(({ seq }) => seq),
        0,
      );
      if (gap || again.length < lastSeq)
        throw new Unmet(
          `granted after 0 of ${lastSeq}, and then ${gap ?? `only ${again.length} came`}: lost without RESUME_WINDOW_EXPIRED`,
        );
      context.note("what is acknowledged is kept, and told again");
    },
  },
  {
    rule: "22",
    section: "6.5",
    level: "MUST",
    by: "runtime",
    title: "nothing that is not acknowledged is freed",
    async run(context) {
      const session = await heardJob(context);
      session.needs("ack");
      const acknowledged = Math.floor(session.lastSeq / 2);
      session.send("session.ack", { last_processed_seq: acknowledged });
      await session.settle();
      await mustReplay(context, session, acknowledged);
    },
  },
  {
    rule: "57",
    section: "8.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "`event_seq`: by session, rising, without gaps across reconnects",
    async run(context) {
      const { before, after } = await context.shared("two jobs, cut", cutTwoJobs);
      const numbers = [...before, ...after].map(({ seq }) => seq);
      if (numbers[0] !== 1) context.note(`the first number is ${numbers[0]}`);
      const gap = gapIn(numbers, (numbers[0] ?? 1) - 1);
      if (gap) throw new Unmet(`before the cut up to ${before.at(-1)?.seq}, and ${gap}`);
    },
  },
  {
    rule: "140",
    section: "v1.0 8.3",
    level: "MUST",
    by: "runtime",
    title: "a resume replays every event, in each job's order",
    async run(context) {
      const { jobs, before, after, over } = await context.shared("two jobs, cut", cutTwoJobs);
      for (const job of jobs) {
        if (!over.has(job)) throw new Unmet("the end of a job that was running never came after the resume");
        const steps = [...before, ...after]
          .filter(({ message }) => jobOf(message) === job && message.payload.kind === "progress")
          .map(({ message }) => Number((message.payload.body as { current?: number } | undefined)?.current));
        const gap = gapIn(steps, (steps[0] ?? 1) - 1);
        if (gap) throw new Unmet(`the job's own steps: ${gap}`);
      }
    },
  },
  {
    rule: "133",
    section: "v1.0 6.2",
    level: "MUST",
    by: "runtime",
    title: "a session can be resumed for its window, also by who has seen everything",
    async run(context) {
      const session = await context.session();
      const { id } = await session.start({ agent: context.target.agent, input: "caught up" });
      await session.end(id);
      const { lastSeq } = session;
      const window = Number(session.welcome.payload.resume_window_sec);
      await context.lose(session);
      await context.pause(Math.min(1500, window * 500));
      const resumed = await context.resume(session, lastSeq, { isStrict: true });
      const next = await resumed.start({ agent: context.target.agent, input: "and on" });
      await resumed.end(next.id);
      const gap = gapIn(
        resumed.numbered().map(({ seq }) => seq),
        lastSeq,
      );
      if (gap) throw new Unmet(`after ${lastSeq} were had: ${gap}`);
      context.note(`tried soon after the loss, not at the end of the ${window} s`);
    },
  },
  {
    rule: "134",
    section: "v1.0 6.3",
    level: "MUST",
    by: "runtime",
    title: "a resume that fails: session.error RESUME_WINDOW_EXPIRED, and the close",
    async run(context) {
      const unknown = {
        session_id: "sess_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        resume_token: "rt_conformance",
        last_event_seq: 0,
      };
      const { connection, welcome, error } = await context.askBack(unknown);
      if (welcome) throw new Unmet("a session that never was: a welcome");
      if (!error) throw new Unmet(`a session that never was: ${await howRefused(connection, error)}`);
      if (error.payload.code !== "RESUME_WINDOW_EXPIRED")
        throw new Unmet(`a session that never was: ${describeError(error)}`);
      if (!(await connection.ended(3000))) throw new Unmet("refused, and the connection stays open");
    },
  },
  {
    rule: "146",
    section: "v1.0 14",
    level: "MUST",
    by: "runtime",
    title: "at least 128 random bits in a resume token",
    async run(context) {
      const sessions: Session[] = [];
      for (let i = 0; i < 8; i += 1) sessions.push(await context.session());
      const tokens = sessions.map(({ resumeToken }) => String(resumeToken));
      if (new Set(tokens).size !== tokens.length) throw new Unmet("two sessions have one resume token");
      const bits = randomBits(tokens);
      if (bits < 128) throw new Unmet(`at most ${Math.floor(bits)} bits of a token differ from the others`);
      context.note(`an upper bound from 8 tokens: ${Math.floor(bits)} bits`);
    },
  },
  {
    rule: "A3",
    section: "v1.0 6.2",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a try with a wrong resume token does not cost the owner the session",
    async run(context) {
      const session = await heardJob(context);
      await context.lose(session);
      const wrong = { ...context.resumption(session, 0), resume_token: "rt_guessed" };
      const { welcome } = await context.askBack(wrong);
      if (welcome && (welcome.session_id ?? welcome.payload.session_id) === session.id)
        throw new Unmet("a made-up resume token gave the session away");
      await context.resume(session, session.lastSeq - 1);
    },
  },
  {
    rule: "A4",
    section: "6.3",
    level: "SHOULD",
    by: "runtime",
    title: "a session is on one connection: what was resumed elsewhere hears no more",
    async run(context) {
      const session = await context.session();
      const { id } = await session.start({ agent: context.target.slowAgent, input: context.target.slowInput });
      await session.events(id, 2);
      const { connection, welcome } = await context.askBack(context.resumption(session));
      if (!welcome) return context.note("a session whose connection stands is not given to another");
      const resumed = context.adopt(connection, welcome);
      resumed.jobs.add(id);
      await resumed.events(id, 2);
      const from = session.connection.received.length;
      await resumed.events(id, 3, { from: resumed.connection.received.length });
      if (session.heard(id, from).length) throw new Unmet("both connections hear the job's events");
    },
  },
];

/** How many bits the part of texts that differs can hold: what all begin or end with counts for nothing. */
export function randomBits(texts: readonly string[]): number {
  const [first = ""] = texts;
  const same = (at: (text: string, i: number) => string | undefined) => {
    let i = 0;
    while (i < first.length && texts.every((text) => at(text, i) === at(first, i))) i += 1;
    return i;
  };
  const start = same((text, i) => text[i]);
  const end = same((text, i) => text[text.length - 1 - i]);
  const varying = texts.map((text) => text.slice(start, text.length - end));
  const alphabet = new Set(varying.join(""));
  const size = /^[0-9a-f-]*$/.test(varying.join("")) ? 16 : /^[0-9A-Z-]*$/.test(varying.join("")) ? 32 : 64;
  const shortest = Math.min(...varying.map((text) => text.length));
  return shortest * Math.log2(Math.max(2, Math.min(size, alphabet.size)));
}
