// §6.7, §7.4, §9.5: jobs and sessions that are ended.

import type { Context } from "../context.js";
import { isTerminal, jobOf } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { describeError, type Session } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";
import { mustRefuse } from "./jobs.js";
import { running } from "./observing.js";

/** v1.0 §7.4: the grace that a cancelled job has. */
const GRACE_MS = 30_000;

async function cancelled(context: Context) {
  const { id, session } = await running(context);
  const from = session.connection.received.length;
  session.cancel(id);
  const end = await session.end(id, { from, ms: Math.min(GRACE_MS, 15_000) }).catch(() => undefined);
  await session.settle();
  const isAcknowledged = session.connection.all("job.cancelled", from).some((message) => jobOf(message) === id);
  const heard = session.heard(id, from);
  const after = end ? heard.slice(heard.indexOf(end) + 1) : [];
  return { end, isAcknowledged, after };
}

/** Whether a job of a session that is gone still runs, by what another session of the principal sees. */
async function stillRuns(context: Context, id: string): Promise<boolean> {
  const other: Session = await context.session();
  other.needs("list_jobs");
  const entry = await other.listed(id);
  return entry?.status === "running" || entry?.status === "pending" || entry?.status === "success";
}

// A lease that ends while its job runs.
async function leaseEnds(context: Context) {
  const session = await context.session();
  session.needs("lease_expires_at");
  const { slowAgent: agent, slowInput: input } = context.target;
  const expires_at = new Date(Date.now() + 1500).toISOString();
  const job = await session.start({ agent, input, lease_constraints: { expires_at } });
  const end = await session.end(job.id, { ms: 5000 }).catch(() => undefined);
  if (!end)
    throw new Inapplicable("the agent does nothing that needs its lease, and the runtime ends no job by itself");
  return end;
}

export const endingRules: TriedRule[] = [
  {
    rule: "36",
    section: "7.4",
    level: "MAY",
    by: "client",
    title: "the submitting session may cancel a job that runs",
    async run(context) {
      const { end } = await context.shared("a cancelled job", cancelled);
      if (!end) throw new Unmet("the job did not end");
      if (end.payload.final_status === "success") throw new Unmet("the cancelled job ended as success");
    },
  },
  {
    rule: "37",
    section: "7.4",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a cancel is acknowledged by job.cancelled, and ends by job.error CANCELLED",
    async run(context) {
      const { end, isAcknowledged } = await context.shared("a cancelled job", cancelled);
      if (!isAcknowledged) throw new Unmet(`no job.cancelled${end ? `; the end is ${end.type}` : ""}`);
      if (end?.type !== "job.error" || end.payload.code !== "CANCELLED" || end.payload.final_status !== "cancelled")
        throw new Unmet(`the end is ${end ? `${end.type} ${String(end.payload.final_status)}` : "missing"}`);
    },
  },
  {
    rule: "138",
    section: "v1.0 7.4",
    level: "MUST",
    by: "runtime",
    title: "a cancelled job ends by job.error within a grace, and says nothing more",
    async run(context) {
      const { end, after } = await context.shared("a cancelled job", cancelled);
      if (!end) throw new Unmet("the job did not end within 15 s (the grace is 30 s: see the frames)");
      if (end.type !== "job.error") throw new Unmet(`the end is ${end.type} ${String(end.payload.final_status)}`);
      if (after.length) throw new Unmet(`after its end the job says ${after[0]?.type}`);
    },
  },
  {
    rule: "30",
    section: "6.7",
    level: "MUST",
    isStated: true,
    by: "both",
    title: "session.close is answered by session.closed; jobs run on",
    async run(context) {
      const { id, session } = await running(context);
      const from = session.connection.received.length;
      session.send("session.close", { reason: "conformance" });
      const answer = await session.connection.seek(
        ({ type }) => type === "session.closed" || type === "session.error",
        { from },
      );
      if (answer?.message.type !== "session.closed")
        throw new Unmet(`session.close was answered with ${answer ? describeError(answer.message) : "nothing"}`);
      if (!(await stillRuns(context, id))) throw new Unmet("the job ended with its session");
    },
  },
  {
    rule: "135",
    section: "v1.0 6.4",
    level: "MUST",
    by: "both",
    title: "after session.bye nothing more comes",
    async run(context) {
      const { id, session } = await running(context);
      session.send("session.bye", { reason: "conformance" });
      // What was under way when the goodbye arrived may still come.
      await session.connection.ended(1500);
      const from = session.connection.received.length;
      await context.pause(700);
      if (session.connection.received.length > from) throw new Unmet("messages come after session.bye");
      if (session.connection.isOpen) context.note("the connection stays open after session.bye");
      // v1.0 says that state may be kept, not that it must.
      if (!(await stillRuns(context, id))) context.note("the job is not there any more");
    },
  },
  {
    rule: "71",
    section: "9.5",
    level: "MUST",
    by: "both",
    title: "`expires_at` is UTC and in the future, else INVALID_REQUEST",
    async run(context) {
      const session = await context.session();
      session.needs("lease_expires_at");
      const submit = { agent: context.target.agent, input: 1 };
      const past = { expires_at: new Date(Date.now() - 60_000).toISOString() };
      const lapsed = await session.submit({ ...submit, lease_constraints: past });
      mustRefuse(context, lapsed, "INVALID_REQUEST", "a lease that has ended");
      const zoned = { expires_at: new Date(Date.now() + 10_800_000).toISOString().replace("Z", "+02:00") };
      const elsewhere = await session.submit({ ...submit, lease_constraints: zoned });
      mustRefuse(context, elsewhere, "INVALID_REQUEST", "a time that is not UTC");
    },
  },
  {
    rule: "73",
    section: "9.5",
    level: "MUST",
    by: "runtime",
    title: "at and after `expires_at`: LEASE_EXPIRED",
    async run(context) {
      const end = await context.shared("a lease that ends", leaseEnds);
      if (end.payload.code !== "LEASE_EXPIRED") throw new Unmet(`the job ended by ${describeError(end)}`);
    },
  },
  {
    rule: "74",
    section: "9.5",
    level: "MUST",
    by: "runtime",
    title: "a job whose lease has ended ends by job.error, final_status error, not retryable",
    async run(context) {
      const end = await context.shared("a lease that ends", leaseEnds);
      const { final_status, retryable } = end.payload;
      if (end.type !== "job.error" || final_status !== "error" || retryable !== false)
        throw new Unmet(`${end.type}, final_status ${String(final_status)}, retryable ${String(retryable)}`);
      if (!isTerminal(end)) throw new Unmet("no end");
    },
  },
];
