// A run: every rule once, against one runtime, within two minutes whatever that does.

import { Refused } from "../bin/refused.js";
import type { Received } from "./connection.js";
import { Context, type Run } from "./context.js";
import { listOf, objectOf } from "./messages.js";
import type { Target } from "./options.js";
import { whyNobody } from "./refusal.js";
import type { Report } from "./report/report.js";
import { about, type Result, type Rule, type TriedRule, type WatchedRule } from "./rule.js";
import { allRules } from "./rules/index.js";
import { Secrets } from "./secrets.js";
import { Inapplicable, Unmet } from "./verdict.js";
import { NotOpened } from "./websocket/upgrade.js";

const RUN_MS = 112_000;
const RULE_MS = 30_000;
/** So long each way of resuming may take to show that it is one. */
const ACQUAINTANCE_MS = 20_000;
/** So long a rule may take to end what it has begun. */
const ENDING_MS = 3000;

export interface RunOptions {
  target: Target;
  /** These rules alone. */
  only?: readonly string[];
  /** All of it ends by then; 112 s. */
  runMs?: number;
  onResult?(result: Result, done: number, total: number): void;
}

/** Tries all rules. Throws `Refused` where there is no runtime to try, or it does not take the token. */
export async function runConformance({ target, only, runMs = RUN_MS, onResult }: RunOptions): Promise<Report> {
  const startedAt = new Date();
  const startMs = performance.now();
  const secrets = new Secrets();
  secrets.addBearer(target.token);
  secrets.addBearer(target.token2);
  const rules = allRules(secrets).filter(({ rule }) => !only || only.includes(rule));
  const unknown = only?.find((one) => !rules.some(({ rule }) => rule === one));
  if (unknown !== undefined) throw new Refused(`--only: there is no rule ${unknown}`, 2);
  const watches = rules.filter((rule) => "watch" in rule).map((rule) => new Watch(rule));
  const observe = (received: Received) => {
    for (const watch of watches) watch.see(received);
  };
  const run: Run = { target, secrets, observe, connections: 0, resumeDialect: undefined, shared: new Map() };
  const seen = redacted(await getAcquainted(run), secrets);
  const results = new Map<string, Result>();
  const done = (result: Result) => {
    const told = redacted(result, secrets);
    results.set(result.rule, told);
    onResult?.(told, results.size, rules.length);
  };
  const left = () => runMs - (performance.now() - startMs);
  const tried = rules.filter((rule): rule is TriedRule => "run" in rule);
  const beside = tried.filter(({ longMs }) => longMs).map(async (rule) => done(await tryRule(run, rule, left())));
  for (const rule of tried) if (!rule.longMs) done(await tryRule(run, rule, left()));
  await Promise.all(beside);
  for (const rule of rules) if ("because" in rule) done(nothing(rule, "notApplicable", rule.because));
  for (const watch of watches) done(watch.result());
  return {
    runner: "arcgate-conformance",
    specification: "ARCP 1.1",
    url: `${target.url.origin === "null" ? `${target.url.protocol}//${target.url.host}` : target.url.origin}${target.url.pathname}`,
    startedAt: startedAt.toISOString(),
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    ...seen,
    options: { agent: target.agent, slowAgent: target.slowAgent, token2: target.token2 !== undefined },
    rules: rules.flatMap(({ rule }) => results.get(rule) ?? []),
  };
}

// Whether there is anybody, how it resumes, and what it offers.
async function getAcquainted(run: Run): Promise<Pick<Report, "runtime" | "features" | "resumes">> {
  const context = new Context(run);
  try {
    const { connection, welcome, error } = await context.greet();
    if (!welcome) throw new Unmet(await whyNobody(connection, error));
    const session = context.adopt(connection, welcome);
    const { agent } = run.target;
    const { refused } = await session.submit({ agent, input: "conformance" });
    if (refused?.payload.code === "AGENT_NOT_AVAILABLE")
      throw new Refused(`the runtime has no agent ${agent}: --agent names one that gives its input back`, 2);
    const { runtime } = welcome.payload;
    const { name, version } = objectOf(runtime);
    for (const dialect of ["hello", "message"] as const) {
      run.resumeDialect = dialect;
      if (await comesBack(new Context(run))) break;
      run.resumeDialect = undefined;
    }
    return {
      runtime: { name: String(name), version: String(version) },
      features: listOf(objectOf(welcome.payload.capabilities).features).map(String),
      resumes: run.resumeDialect === "hello" ? "session.hello" : run.resumeDialect ? "session.resume" : "not",
    };
  } catch (error) {
    // A code or a close's reason is the runtime's own words.
    if (error instanceof NotOpened || error instanceof Unmet) throw new Refused(run.secrets.redact(error.message), 2);
    throw error;
  } finally {
    await ended(context);
  }
}

async function comesBack(context: Context): Promise<boolean> {
  try {
    await bounded(back(context), ACQUAINTANCE_MS);
    return true;
  } catch (error) {
    if (error instanceof Unmet || error instanceof Inapplicable) return false;
    throw error;
  } finally {
    await ended(context);
  }
}

async function back(context: Context): Promise<void> {
  const session = await context.session();
  const { id } = await session.start({ agent: context.target.agent, input: "back" });
  await session.end(id);
  await context.lose(session);
  await context.resume(session, 0);
}

async function tryRule(run: Run, rule: TriedRule, leftMs: number): Promise<Result> {
  const context = new Context(run);
  const startMs = performance.now();
  const boundMs = Math.min(rule.longMs ?? RULE_MS, leftMs);
  const result = (outcome: Result["outcome"], reason?: string): Result => ({
    ...about(rule),
    outcome,
    ...(reason !== undefined && { reason }),
    notes: [...context.notes],
    ms: Math.round(performance.now() - startMs),
    frames: [...context.frames],
  });
  if (boundMs < 1000) return result("fail", "not tried: the run's two minutes were over");
  try {
    await bounded(rule.run(context), boundMs);
    return result("pass");
  } catch (error) {
    if (error instanceof Inapplicable) return result("notApplicable", error.message);
    if (error instanceof Unmet || error instanceof NotOpened) return result("fail", error.message);
    return result("fail", `the runner's own error, not the runtime's: ${String(error)}`);
  } finally {
    await ended(context);
  }
}

async function bounded(work: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unmet(`not over within ${Math.round(ms / 1000)} s`)), ms);
  });
  work.catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function ended(context: Context): Promise<void> {
  await bounded(context.end(), ENDING_MS).catch(() => {});
}

function nothing(rule: Rule, outcome: Result["outcome"], reason?: string): Result {
  return { ...about(rule), outcome, ...(reason !== undefined && { reason }), notes: [], ms: 0, frames: [] };
}

/** All of its texts without secrets: what a runtime says may be in any of them. */
function redacted<T>(value: T, secrets: Secrets): T {
  if (typeof value === "string") return secrets.redact(value) as T;
  if (Array.isArray(value)) return value.map((one) => redacted(one, secrets)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, redacted(one, secrets)])) as T;
}

// What a watched rule has seen of all frames.
class Watch {
  readonly #rule: WatchedRule;
  #seen = 0;
  #wrong: { reason: string; received: Received }[] = [];

  constructor(rule: WatchedRule) {
    this.#rule = rule;
  }

  see(received: Received): void {
    const judged = this.#rule.watch(received);
    if (judged === undefined) return;
    this.#seen += 1;
    if (judged !== "seen" && this.#wrong.length < 5) this.#wrong.push({ reason: judged.wrong, received });
  }

  result(): Result {
    if (!this.#seen) return nothing(this.#rule, "notApplicable", this.#rule.unseen);
    const [first] = this.#wrong;
    const result = nothing(this.#rule, first ? "fail" : "pass", first?.reason);
    const frames = this.#wrong.map(({ received: { connection, text } }) => ({
      connection: connection.number,
      ms: 0,
      direction: "received" as const,
      text: text.slice(0, 2000),
    }));
    return { ...result, notes: [`${this.#seen} frames were looked at`], frames };
  }
}
