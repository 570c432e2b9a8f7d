// All rules, by their numbers.

import type { Context } from "../context.js";
import type { Rule, TriedRule } from "../rule.js";

import type { Secrets } from "../secrets.js";
import { Inapplicable } from "../verdict.js";
import { abuseRules } from "./abuse.js";
import { authorizationRules } from "./authorization.js";
import { endingRules } from "./ending.js";
import { handshakeRules } from "./handshake.js";
import { heartbeatRules } from "./heartbeat.js";
import { jobRules } from "./jobs.js";
import { observingRules } from "./observing.js";
import { resumeRules } from "./resume.js";
import { untriedRules } from "./untried.js";
import { watchedRules } from "./watched.js";

// Its chunks are judged by 60, 61 and 63, as all that come are.
const chunks: TriedRule = {
  rule: "59",
  section: "8.4",
  level: "MAY",
  by: "runtime",
  title: "may stream a result in chunks",
  async run(context: Context) {
    const { chunkAgent, chunkInput } = context.target;
    if (chunkAgent === undefined) throw new Inapplicable("needs --chunk-agent, an agent whose result comes in chunks");
    const session = await context.session();
    session.needs("result_chunk");
    const { id } = await session.start({ agent: chunkAgent, input: chunkInput });
    await session.end(id, { ms: 20_000 });
    if (!session.heard(id).some(({ payload }) => payload.kind === "result_chunk"))
      throw new Inapplicable(`${chunkAgent} sent no chunk`);
  },
};

/** Every number of the checklist, and what the checklist does not number. Abuse comes last. */
export function allRules(secrets: Secrets): Rule[] {
  const rules: Rule[] = [
    ...handshakeRules,
    ...resumeRules,
    ...jobRules,
    ...observingRules,
    ...endingRules,
    ...authorizationRules,
    ...heartbeatRules,
    chunks,
    ...abuseRules,
    ...watchedRules(secrets),
    ...untriedRules,
  ];
  return rules.sort((one, other) => order(one) - order(other));
}

function order({ rule }: Rule): number {
  return rule.startsWith("A") ? 1000 + Number(rule.slice(1)) : Number(rule);
}
