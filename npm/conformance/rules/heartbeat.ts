// §6.4: silence. These take as long as the runtime's interval makes them, and run beside the others.

import { describeClose } from "../connection.js";
import type { Context } from "../context.js";
import { isTerminal, jobOf } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { describeError, type Session } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";

/** Two silent intervals and what comes after must fit into a run. */
const MAX_INTERVAL_SEC = 30;
/** Some look only at each of their own pings whether there was silence, and so notice late. */
const PATIENCE_INTERVALS = 3.1;
const LONG_MS = 108_000;

function intervalOf(session: Session): number {
  session.needs("heartbeat");
  const seconds = session.welcome.payload.heartbeat_interval_sec;
  if (typeof seconds !== "number" || !(seconds > 0)) throw new Unmet("heartbeat was agreed on, without an interval");
  if (seconds > MAX_INTERVAL_SEC)
    throw new Inapplicable(`heartbeat_interval_sec is ${seconds}: three of them are longer than a run`);
  return seconds * 1000;
}

// A client that hears and says nothing, with a job that runs, until the runtime gives it up.
async function silence(context: Context) {
  const session = await context.session();
  const intervalMs = intervalOf(session);
  session.connection.answersPings = false;
  const job = await session.start({ agent: context.target.slowAgent, input: context.target.longInput });
  const silentFromMs = performance.now();
  const closed = await session.connection.ended(intervalMs * PATIENCE_INTERVALS);
  if (!closed)
    throw new Inapplicable(`a permission that is not used: still open after ${PATIENCE_INTERVALS} silent intervals`);
  const intervals = (session.connection.closedAtMs - silentFromMs) / intervalMs;
  const isSurfaced = session.connection.all("session.error").some(({ payload }) => payload.code === "HEARTBEAT_LOST");
  const resumed = await context.resume(session).catch((error) => error as Error);
  if (resumed instanceof Error) return { closed, intervals, isSurfaced, lost: resumed.message };
  await resumed.connection.seek((message) => jobOf(message) === job.id, { ms: 4000 });
  await resumed.settle();
  const heard = resumed.heard(job.id);
  const end = heard.find(isTerminal);
  if (end && end.payload.final_status !== "success")
    return { closed, intervals, isSurfaced, lost: `the job ended by ${describeError(end)}` };
  const listed = heard.length || !resumed.features.has("list_jobs") ? undefined : await resumed.listed(job.id);
  const isListed = /^(running|success)$/.test(String(listed?.status));
  return { closed, intervals, isSurfaced, isAlive: heard.length > 0, isListed };
}

export const heartbeatRules: TriedRule[] = [
  {
    rule: "15",
    section: "6.4",
    level: "SHOULD",
    by: "both",
    title: "one message in each direction an interval",
    longMs: LONG_MS,
    async run(context) {
      const session = await context.session();
      const intervalMs = intervalOf(session);
      const { received } = session.connection;
      const startMs = performance.now();
      await session.connection.ended(intervalMs * 2.2);
      const times = [startMs, ...received.map(({ atMs }) => atMs).filter((ms) => ms > startMs), performance.now()];
      const longest = Math.max(...times.slice(1).map((ms, i) => ms - times[i]!)) / intervalMs;
      if (session.connection.closed)
        throw new Unmet(`closed with ${describeClose(session.connection.closed)}, and every ping was answered`);
      if (longest > 1.25) throw new Unmet(`nothing came for ${longest.toFixed(1)} intervals`);
    },
  },
  {
    rule: "16",
    section: "6.4",
    level: "MUST",
    by: "both",
    title: "a ping is answered within the interval, by its nonce",
    async run(context) {
      const session = await context.session();
      session.needs("heartbeat");
      for (const nonce of ["p_first", "p_second"]) {
        session.send("session.ping", { nonce, sent_at: new Date().toISOString() });
        const isPong = ({ type }: { type: string }) => type === "session.pong";
        const from = session.connection.received.length;
        const { message } = await session.connection.find(isPong, "session.pong", { from });
        if (message.payload.ping_nonce !== nonce)
          throw new Unmet(`ping_nonce is ${JSON.stringify(message.payload.ping_nonce)}, the ping's was ${nonce}`);
      }
    },
  },
  {
    rule: "17",
    section: "6.4",
    level: "MAY",
    by: "both",
    title: "after two silent intervals the connection may be closed: HEARTBEAT_LOST",
    longMs: LONG_MS,
    async run(context) {
      const { closed, intervals, isSurfaced } = await context.shared("silence", silence);
      if (intervals < 1.9) throw new Unmet(`closed after ${intervals.toFixed(1)} silent intervals`);
      context.note(`closed with ${describeClose(closed)} after ${intervals.toFixed(1)} silent intervals`);
      if (!isSurfaced) context.note("without a session.error HEARTBEAT_LOST");
    },
  },
  {
    rule: "18",
    section: "6.4",
    level: "MUST",
    by: "runtime",
    title: "a lost heartbeat ends no job, and the session can be resumed",
    longMs: LONG_MS,
    async run(context) {
      const { isAlive, isListed, lost } = await context.shared("silence", silence);
      if (lost) throw new Unmet(lost);
      if (!isAlive && !isListed) throw new Unmet("after the resume nothing is heard of the job, and no list has it");
      if (!isAlive) context.note("the job is in the list, but its events do not come to the resumed session");
    },
  },
  {
    rule: "25",
    section: "6.5",
    level: "MUST",
    isStated: true,
    by: "both",
    title: "an acknowledgement has no number, and is advisory",
    async run(context) {
      const session = await context.session();
      session.needs("ack");
      const submit = { agent: context.target.agent, input: "acknowledged" };
      const first = await session.start(submit);
      await session.end(first.id);
      const { lastSeq } = session;
      for (const last_processed_seq of [lastSeq, lastSeq, 0]) session.send("session.ack", { last_processed_seq });
      const from = session.connection.received.length;
      const second = await session.start(submit);
      await session.end(second.id);
      const [next] = session.numbered(from);
      if (next?.seq !== lastSeq + 1) throw new Unmet(`after ${lastSeq} and its acknowledgement comes ${next?.seq}`);
    },
  },
];
