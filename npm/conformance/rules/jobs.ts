// §7.1 to §7.3, §7.5, §11: submitting.

import type { Context } from "../context.js";
import { type Json, jobOf, listOf, objectOf, ulid } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { type Answer, describeError, type Session } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";
import { agentsOf } from "./handshake.js";
import { saying } from "./resume.js";

/** A refusal of a submit: by session.error (as §13.8 draws it), or by job.error, as some runtimes do. */
export function mustRefuse(context: Context, { accepted, refused }: Answer, code: string, what: string): void {
  if (accepted) throw new Unmet(`${what} was accepted`);
  if (refused?.payload.code !== code) throw new Unmet(`${what}: ${describeError(refused)}, not ${code}`);
  context.note(`refused by ${refused.type}`);
}

// What an accepted job says of itself, without whose request it answers.
function accepting({ payload }: { payload: Json }): Json {
  const { request_id: _, ...rest } = payload;
  return rest;
}

function versioned(context: Context, session: Session): { name: string; version: string; preferred?: string } {
  session.needs("agent_versions");
  const { agent, slowAgent } = context.target;
  const bare = (name: string) => name.split("@")[0];
  for (const entry of agentsOf(session).map(objectOf)) {
    const [version] = listOf(entry.versions);
    if (entry.name !== bare(agent) && entry.name !== bare(slowAgent)) continue;
    if (typeof entry.name === "string" && typeof version === "string")
      return { name: entry.name, version, ...(typeof entry.default === "string" && { preferred: entry.default }) };
  }
  throw new Inapplicable(`neither ${agent} nor ${slowAgent} has a version`);
}

// Its input may be wrong for it: what counts is what it was accepted as.
async function resolved(context: Context, session: Session, agent: string): Promise<unknown> {
  const input = agent.startsWith(context.target.agent) ? "versions" : context.target.shortInput;
  const { accepted } = await session.start({ agent, input });
  return accepted.payload.agent;
}

export const jobRules: TriedRule[] = [
  {
    rule: "32",
    section: "7.1",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "no constraints: no end of the lease; no budget: none enforced",
    async run(context) {
      const session = await context.session();
      const { id, accepted } = await session.start({ agent: context.target.agent, input: { plain: true } });
      const { expires_at } = objectOf(accepted.payload.lease_constraints);
      if (expires_at !== undefined && expires_at !== null) throw new Unmet("a lease that nobody limited has an end");
      const end = await session.end(id);
      if (end.payload.final_status !== "success") throw new Unmet(`the job ended as ${describeError(end)}`);
    },
  },
  {
    rule: "33",
    section: "7.2",
    level: "MUST",
    by: "runtime",
    title: "same key, same parameters: the same job.accepted",
    async run(context) {
      const session = await context.session();
      const submit = { agent: context.target.agent, input: { n: 1 }, idempotency_key: `conformance-${ulid()}` };
      const first = await session.start(submit);
      await session.end(first.id);
      const again = await session.start(submit);
      if (again.id !== first.id) throw new Unmet("the same key gave another job");
      const [one, other] = [accepting(first.accepted), accepting(again.accepted)];
      const differing = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
        (name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]),
      );
      if (differing.length) throw new Unmet(`the same job, and another ${differing.join(", ")} in its payload`);
    },
  },
  {
    rule: "34",
    section: "7.2",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "same key, other parameters: DUPLICATE_KEY",
    async run(context) {
      const session = await context.session();
      const submit = { agent: context.target.agent, input: { n: 1 }, idempotency_key: `conformance-${ulid()}` };
      const { id } = await session.start(submit);
      await session.end(id);
      mustRefuse(context, await session.submit({ ...submit, input: { n: 2 } }), "DUPLICATE_KEY", "another input");
    },
  },
  {
    rule: "137",
    section: "v1.0 7.2",
    level: "MUST",
    by: "runtime",
    title: "a key is known to all sessions of its principal, and tells the end again",
    async run(context) {
      const first = await context.session();
      const submit = { agent: context.target.agent, input: { n: 1 }, idempotency_key: `conformance-${ulid()}` };
      const { id } = await first.start(submit);
      const end = await first.end(id);
      const second = await context.session();
      const again = await second.start(submit);
      if (again.id !== id) throw new Unmet("the same key gave another job in another session");
      const told = await second.end(id);
      if (told.payload.final_status !== end.payload.final_status)
        throw new Unmet(`the end was told again as ${String(told.payload.final_status)}`);
      if (saying(told) !== saying(end)) context.note("the end is told in other words the second time");
    },
  },
  {
    rule: "35",
    section: "7.3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "four final states",
    async run(context) {
      const session = await context.session();
      const { id } = await session.start({ agent: context.target.agent, input: "done" });
      const end = await session.end(id);
      if (end.type !== "job.result" || end.payload.final_status !== "success")
        throw new Unmet(`a job that succeeds ends by ${end.type} ${String(end.payload.final_status)}`);
      const { slowAgent: agent, slowInput: input } = context.target;
      const slow = await session.start({ agent, input, max_runtime_sec: 1 });
      const late = await session.end(slow.id, { ms: 6000 }).catch(() => undefined);
      if (!late) return context.note("max_runtime_sec: 1 did not end the job within 6 s");
      if (late.payload.final_status !== "timed_out")
        throw new Unmet(`max_runtime_sec passed: final_status ${String(late.payload.final_status)}`);
      context.note(`timed_out is told by ${late.type}`);
    },
  },
  {
    rule: "38",
    section: "7.5",
    level: "MAY",
    by: "client",
    title: "an agent's name may carry a version",
    async run(context) {
      const session = await context.session();
      const { name, version } = versioned(context, session);
      await resolved(context, session, `${name}@${version}`);
    },
  },
  {
    rule: "39",
    section: "7.5",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a bare name: the default version",
    async run(context) {
      const session = await context.session();
      const { name, preferred } = versioned(context, session);
      if (!preferred) throw new Inapplicable(`${name} has no default: the runtime may pick any version`);
      const agent = await resolved(context, session, name);
      if (agent !== `${name}@${preferred}`) throw new Unmet(`${name} is accepted as ${String(agent)}`);
    },
  },
  {
    rule: "41",
    section: "7.5",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "unknown version: AGENT_VERSION_NOT_AVAILABLE",
    async run(context) {
      const session = await context.session();
      session.needs("agent_versions");
      const agent = `${context.target.agent.split("@")[0]}@0.0.0-conformance`;
      mustRefuse(context, await session.submit({ agent, input: 1 }), "AGENT_VERSION_NOT_AVAILABLE", "that version");
    },
  },
  {
    rule: "43",
    section: "7.5",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "the resolved version is told, in job.accepted and in lists",
    async run(context) {
      const session = await context.session();
      const { name } = versioned(context, session);
      const agent = String(await resolved(context, session, name));
      const [job = ""] = [...session.jobs].map(String);
      if (!agent.startsWith(`${name}@`)) throw new Unmet(`job.accepted says agent ${agent}`);
      if (!session.features.has("list_jobs")) return;
      const listed = await session.listed(job);
      if (listed && listed.agent !== agent) throw new Unmet(`the list says agent ${String(listed.agent)}`);
      if (!listed) context.note("the list does not show the job any more");
    },
  },
  {
    rule: "136",
    section: "v1.0 7.1",
    level: "MUST",
    by: "runtime",
    title: "the lease is never silently expanded",
    async run(context) {
      const session = await context.session();
      const asked: Json = { "fs.read": ["/conformance/**"] };
      const submit = { agent: context.target.agent, input: 1, lease_request: asked };
      const { accepted, refused } = await session.submit(submit);
      if (!accepted) return context.note(`the lease was refused: ${describeError(refused)}`);
      for (const [capability, patterns] of Object.entries(objectOf(accepted.payload.lease))) {
        const more = listOf(patterns).find((pattern) => !listOf(asked[capability]).includes(pattern));
        if (more !== undefined) throw new Unmet(`the lease has ${capability} ${JSON.stringify(more)}, not asked for`);
      }
    },
  },
  {
    rule: "143",
    section: "v1.0 11",
    level: "MUST",
    by: "both",
    title: "the client's trace id is echoed, or the runtime makes one",
    async run(context) {
      const session = await context.session();
      const submit = { agent: context.target.agent, input: "traced" };
      const told = ({ trace_id, payload }: Json) => trace_id ?? objectOf(payload).trace_id;
      const trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
      const given = told((await session.start(submit, { trace_id })).accepted);
      if (given !== trace_id) throw new Unmet(`the trace id came back as ${String(given)}`);
      const made = told((await session.start(submit)).accepted);
      if (typeof made !== "string" || !/^[0-9a-f]{32}$/.test(made))
        throw new Unmet(`without a trace id the runtime makes ${made === undefined ? "none" : String(made)}`);
    },
  },
  {
    rule: "A5",
    section: "12",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "an agent that is not there: AGENT_NOT_AVAILABLE, and the session goes on",
    async run(context) {
      const session = await context.session();
      const answer = await session.submit({ agent: "conformance-none", input: 1 });
      mustRefuse(context, answer, "AGENT_NOT_AVAILABLE", "an agent that is not there");
      const { id } = await session.start({ agent: context.target.agent, input: "and on" });
      if (jobOf(await session.end(id)) !== id) throw new Unmet("the end of another job");
    },
  },
];
