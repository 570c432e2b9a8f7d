// §6.6, §7.6: lists and subscriptions, of one's own jobs.

import type { Context } from "../context.js";
import { type Json, jobOf, type Message } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { describeError, type Job, type Session } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";
import { gapIn } from "./resume.js";

/** A job that runs for some seconds and has begun to tell. */
export async function running(context: Context, session?: Session): Promise<Job> {
  const owner = session ?? (await context.session());
  const job = await owner.start({ agent: context.target.slowAgent, input: context.target.slowInput });
  await owner.events(job.id, 2);
  return job;
}

/** Subscribes to what must be given. */
export async function subscribed(session: Session, payload: Json): Promise<{ message: Message; from: number }> {
  session.needs("subscribe");
  const { accepted, refused, from } = await session.subscribe(payload);
  if (!accepted) throw new Unmet(`job.subscribe was refused: ${describeError(refused)}`);
  return { message: accepted, from };
}

/** What an event says, whoever's number it has. */
function event({ payload }: Message): string {
  return JSON.stringify([payload.kind, payload.body]);
}

// Another session of the same principal subscribes to a job, and tries to cancel it.
async function subscriberCancels(context: Context) {
  const { id, session: owner } = await running(context);
  const other = await context.session();
  await subscribed(other, { job_id: id });
  const from = other.connection.received.length;
  other.cancel(id);
  await other.settle();
  const at = owner.connection.received.length;
  const goesOn = await owner.events(id, 3, { from: at }).catch(() => undefined);
  const answer = other.connection.received.slice(from).find(({ message }) => message?.type.endsWith("error"))?.message;
  return { goesOn: goesOn !== undefined, answer };
}

async function mustNotCancel(context: Context): Promise<void> {
  const { goesOn, answer } = await context.shared("a subscriber cancels", subscriberCancels);
  if (!goesOn) throw new Unmet("a session that only subscribed could cancel the job");
  context.note(answer ? `the cancel was refused: ${describeError(answer)}` : "the cancel was passed over in silence");
}

export const observingRules: TriedRule[] = [
  {
    rule: "5",
    section: "3",
    level: "MAY",
    by: "client",
    title: "a client may list jobs at any time",
    async run(context) {
      const session = await context.session();
      session.needs("list_jobs");
      await session.jobsListed();
      await running(context, session);
      await session.jobsListed();
    },
  },
  {
    rule: "26",
    section: "6.6",
    level: "MAY",
    by: "client",
    title: "a client may list jobs with filters, each of them optional",
    async run(context) {
      const session = await context.session();
      session.needs("list_jobs");
      await running(context, session);
      const done = await session.start({ agent: context.target.agent, input: "listed" });
      await session.end(done.id);
      const created_after = new Date(Date.now() - 3_600_000).toISOString();
      const filters = [{}, { status: ["running"] }, { agent: context.target.agent }, { created_after }];
      for (const filter of filters) await session.jobsListed({ filter });
      await session.jobsListed({ filter: {}, limit: 1, cursor: null });
      const others = (await session.jobsListed({ filter: { status: ["running"] } })).filter(
        ({ status }) => status !== "running",
      );
      if (others.length) throw new Unmet(`asked for running jobs: one is ${String(others[0]?.status)}`);
      const short = await session.jobsListed({ limit: 1 });
      if (short.length > 1) throw new Unmet(`limit 1: ${short.length} jobs`);
    },
  },
  {
    rule: "27",
    section: "6.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "the list has what the principal may observe: its own jobs, of whichever session",
    async run(context) {
      const { id } = await running(context);
      const other = await context.session();
      other.needs("list_jobs");
      const entry = await other.listed(id);
      if (!entry) throw new Unmet("a running job of the principal is not in the list of its other session");
      if (entry.status !== "running") throw new Unmet(`a running job is listed as ${String(entry.status)}`);
      const dated = ["created_at", "submitted_at"].find((name) => typeof entry[name] === "string");
      if (dated !== "created_at") context.note(`an entry has ${dated ?? "no time"} instead of created_at`);
    },
  },
  {
    rule: "29",
    section: "6.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "listing subscribes to nothing",
    async run(context) {
      const { id, session: owner } = await running(context);
      const other = await context.session();
      other.needs("list_jobs");
      await other.jobsListed();
      await owner.events(id, 3, { from: owner.connection.received.length });
      await other.settle();
      if (other.heard(id).length) throw new Unmet("events came of a job that was only listed");
    },
  },
  {
    rule: "45",
    section: "7.6",
    level: "MAY",
    by: "client",
    title: "a client may attach to a job of another session: events, and the end",
    async run(context) {
      const owner = await context.session();
      const job = await owner.start({ agent: context.target.slowAgent, input: context.target.shortInput });
      const other = await context.session();
      const { message, from } = await subscribed(other, { job_id: job.id });
      if (jobOf(message) !== job.id) throw new Unmet("job.subscribed names another job");
      await other.events(job.id, 1, { from });
      await other.end(job.id, { ms: 20_000 });
    },
  },
  {
    rule: "46",
    section: "7.6",
    level: "MUST",
    isStated: true,
    by: "client",
    title: "`job_id` is required",
    async run(context) {
      const session = await context.session();
      session.needs("subscribe");
      const { accepted, refused } = await session.subscribe({});
      if (accepted) throw new Unmet("a subscription without a job was accepted");
      if (refused?.payload.code !== "INVALID_REQUEST") context.note(`refused by ${describeError(refused)}`);
    },
  },
  {
    rule: "47",
    section: "7.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "`from_event_seq` with `history`: replay from there, as far as the buffer reaches",
    async run(context) {
      const { id, session: owner } = await running(context);
      const [, , , last] = await owner.events(id, 6);
      const after = Number(last?.event_seq);
      const other = await context.session();
      const { message } = await subscribed(other, { job_id: id, from_event_seq: after, history: true });
      if (!(await other.events(id, 6).catch(() => undefined))) throw new Unmet("no events of the job come");
      const heard = other.heard(id).map(event);
      await owner.connection.until(() => owner.heard(id).length >= heard.length + 6, context.target.timeoutMs);
      const all = owner.heard(id);
      const expected = all.filter(({ event_seq }) => Number(event_seq) > after).map(event);
      const missed = expected.indexOf(heard[0] ?? "");
      if (missed > 1 && !message.payload.replayed)
        throw new Inapplicable("a replay is optional (§7.7), and the runtime told `replayed` as none");
      if (heard.join() !== expected.slice(0, heard.length).join())
        throw new Unmet(`after number ${after} came ${heard[0]}, and the submitter had heard ${expected[0]}`);
    },
  },
  {
    rule: "48",
    section: "7.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "`history` defaults to false: only what comes after the acknowledgement",
    async run(context) {
      const { id, session: owner } = await running(context);
      await owner.events(id, 6);
      const other = await context.session();
      const old = new Set(owner.heard(id).map(event));
      const { from } = await subscribed(other, { job_id: id });
      await other.events(id, 2, { from });
      if (other.heard(id).some((message) => old.has(event(message))))
        throw new Unmet("what was before came, unasked for");
    },
  },
  {
    rule: "51",
    section: "7.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "subscribed events count in the subscriber's own `event_seq`",
    async run(context) {
      const { id } = await running(context);
      const other = await context.session();
      const own = await other.start({ agent: context.target.agent, input: "one's own" });
      await other.end(own.id);
      const { from } = await subscribed(other, { job_id: id });
      await other.events(id, 3, { from });
      const numbers = other.numbered().map(({ seq }) => seq);
      const gap = gapIn(numbers, (numbers[0] ?? 1) - 1);
      if (gap) throw new Unmet(`own events and subscribed ones: ${gap}`);
      if (numbers[0] !== 1) context.note(`the first number is ${numbers[0]}`);
    },
  },
  {
    rule: "53",
    section: "7.6",
    level: "MAY",
    by: "client",
    title: "a subscriber may unsubscribe",
    async run(context) {
      const { id, session: owner } = await running(context);
      const other = await context.session();
      const { from } = await subscribed(other, { job_id: id });
      await other.events(id, 1, { from });
      other.send("job.unsubscribe", { job_id: id }, { job_id: id });
      await other.settle();
      const at = other.connection.received.length;
      await owner.events(id, 3, { from: owner.connection.received.length });
      await other.settle();
      if (other.heard(id, at).length) throw new Unmet("events still come after job.unsubscribe");
    },
  },
  {
    rule: "54",
    section: "7.6",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a subscription gives no right to cancel: that is the submitting session's",
    run: mustNotCancel,
  },
  {
    rule: "101",
    section: "14",
    level: "MUST",
    by: "runtime",
    title: "a subscription never gives the right to cancel",
    run: mustNotCancel,
  },
  {
    rule: "A6",
    section: "12",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a job that is not there: JOB_NOT_FOUND, and the session goes on",
    async run(context) {
      const session = await context.session();
      session.needs("subscribe");
      const { accepted, refused } = await session.subscribe({ job_id: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV" });
      if (accepted) throw new Unmet("a subscription to a job that never was");
      if (refused?.payload.code !== "JOB_NOT_FOUND") throw new Unmet(describeError(refused));
      await running(context, session);
    },
  },
];
