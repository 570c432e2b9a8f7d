// §6.6, §7.6, §14: what one principal learns of another's jobs. All of these need two tokens.

import type { Context } from "../context.js";
import { jobOf, type Message, ulid } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { describeError } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";
import { running } from "./observing.js";

const missingJob = "job_01ARZ3NDEKTSV4RRFFQ69G5FAV";

async function twoPrincipals(context: Context) {
  const { token2 } = context;
  const job = await running(context);
  return { ...job, owner: job.session, stranger: await context.session({ token: token2 }) };
}

/** A refusal in words, without what names the job or the request. */
function anonymous(message: Message | undefined, ids: readonly unknown[]): string {
  const { code, message: text, retryable, details } = message?.payload ?? {};
  const words = JSON.stringify({
    type: message?.type,
    isNumbered: message?.event_seq !== undefined,
    code,
    text,
    retryable,
    details,
  });
  return ids.reduce((rest: string, id) => rest.split(String(id)).join("…"), words);
}

export const authorizationRules: TriedRule[] = [
  {
    rule: "28",
    section: "6.6",
    level: "MUST",
    by: "both",
    title: "a job's existence is not learned by others: neither lists nor events show it",
    async run(context) {
      const { id, owner, stranger } = await twoPrincipals(context);
      stranger.needs("list_jobs");
      for (const filter of [{}, { status: ["running"] }, { agent: context.target.slowAgent }])
        if (await stranger.listed(id, filter)) throw new Unmet("another principal's job is in the list");
      await owner.events(id, 2, { from: owner.connection.received.length });
      if (stranger.heard(id).length) throw new Unmet("another principal's job tells its events");
    },
  },
  {
    rule: "52",
    section: "7.6",
    level: "MUST",
    by: "runtime",
    title: "whether the principal may observe the job is checked",
    async run(context) {
      const { id, owner, stranger } = await twoPrincipals(context);
      stranger.needs("subscribe");
      const { accepted, refused } = await stranger.subscribe({ job_id: id, history: true, from_event_seq: 0 });
      await owner.events(id, 2, { from: owner.connection.received.length });
      await stranger.settle();
      if (accepted) throw new Unmet("another principal's job can be subscribed to");
      if (stranger.heard(id).some(({ type }) => type === "job.event")) throw new Unmet("refused, and its events come");
      const code = refused?.payload.code;
      if (code !== "PERMISSION_DENIED" && code !== "JOB_NOT_FOUND") throw new Unmet(describeError(refused));
      context.note(
        code === "JOB_NOT_FOUND"
          ? "told as JOB_NOT_FOUND (§12: not there, or not visible), which does not say that there is one"
          : "told as PERMISSION_DENIED (§7.6)",
      );
    },
  },
  {
    rule: "100",
    section: "14",
    level: "MUST",
    by: "runtime",
    title: "the same principal only: cancelling, resuming and idempotency keys, too",
    async run(context) {
      const { token2 } = context;
      const owner = await context.session();
      const idempotency_key = `conformance-${ulid()}`;
      const submit = { agent: context.target.slowAgent, input: context.target.slowInput, idempotency_key };
      const { id } = await owner.start(submit);
      await owner.events(id, 2);
      const stranger = await context.session({ token: token2 });
      stranger.cancel(id);
      await stranger.settle();
      await owner.events(id, 2, { from: owner.connection.received.length }).catch(() => {
        throw new Unmet("another principal's cancel ends the job");
      });
      const { accepted, refused } = await stranger.submit(submit);
      if (refused?.payload.code === "DUPLICATE_KEY") throw new Unmet("one principal's key is in another's way");
      if (accepted && jobOf(accepted) === id) throw new Unmet("another principal gets the job by its key");
      await context.lose(owner);
      const stolen = await context.askBack(context.resumption(owner, 0), { token: token2 });
      if (stolen.welcome && (stolen.welcome.session_id ?? stolen.welcome.payload.session_id) === owner.id)
        throw new Unmet("another principal resumes the session with its resume token");
      const kept = await context.resume(owner).catch(() => undefined);
      if (!kept) context.note("after the other's try the owner could not resume, either");
    },
  },
  {
    rule: "A7",
    section: "6.6",
    level: "SHOULD",
    by: "runtime",
    title: "another's job and one that is not there are answered alike: whoever guesses ids learns nothing",
    async run(context) {
      const { id, stranger } = await twoPrincipals(context);
      stranger.needs("subscribe");
      const ids = [id, missingJob];
      const { refused: foreign } = await stranger.subscribe({ job_id: id });
      const { refused: missing } = await stranger.subscribe({ job_id: missingJob });
      const said = [foreign, missing].map((message) =>
        anonymous(message, [...ids, message?.payload.request_id, message?.job_id]),
      );
      if (said[0] !== said[1]) throw new Unmet(`${describeError(foreign)} and ${describeError(missing)} differ`);
    },
  },
  {
    rule: "A8",
    section: "v1.0 6.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "another principal's try to resume does not cost the owner the session",
    async run(context) {
      const { token2 } = context;
      const owner = await context.session();
      const { id } = await owner.start({ agent: context.target.agent, input: "mine" });
      await owner.end(id);
      await context.lose(owner);
      if (!context.run.resumeDialect) throw new Inapplicable("no session can be resumed at all");
      const { welcome } = await context.askBack(context.resumption(owner, 0), { token: token2 });
      if (welcome && (welcome.session_id ?? welcome.payload.session_id) === owner.id)
        throw new Unmet("another principal resumes the session with its resume token");
      await context.resume(owner, 0);
    },
  },
];
