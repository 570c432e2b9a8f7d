// Gates whose users share one hub: without a policy, with the one that is the default, and with one of the application's own.

import { builtinAgents, createWorker, SamePrincipalPolicy } from "../../../pkg/worker.workerd.js";
import "../../../pkg/entry.workerd.js";

let asked = 0;

/** Auditors watch their own team's jobs. Its methods need their object. */
class TeamPolicy {
  #auditors = new Set(["audit"]);

  canObserve(job, principal) {
    asked += 1;
    const isAuditor = principal.scopes.some((scope) => this.#auditors.has(scope));
    return isAuditor && job.principal.labels.team === principal.labels.team;
  }

  canCancel(job, principal, sameSession) {
    asked += 1;
    return SamePrincipalPolicy.canCancel(job, principal, sameSession);
  }
}

const agents = {
  ...builtinAgents,
  /** Says so many long things, and runs on. */
  async *talks({ count, bytes }, { signal }) {
    for (let step = 0; step < count; step += 1) yield { kind: "thought", body: { text: "x".repeat(bytes) } };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  /** How often the policy was asked until now. */
  asked: async () => asked,
};

// A token says it all: "alice.blue.audit".
const verifier = {
  async authenticate({ token }) {
    const [id, team, ...scopes] = token.split(".");
    return { id, labels: { team: team ?? "" }, scopes };
  },
};

const make = (basePath, policy, limits) =>
  createWorker({
    verifier,
    agents,
    basePath,
    hubFor: () => "one for all",
    limits: { resumeWindowSec: 60, ...limits },
    arcp: { scopes: { connect: [], submit: [] } },
    ...(policy && { policy }),
  });

const apps = {
  none: make("/none"),
  same: make("/same", { ...SamePrincipalPolicy }),
  team: make("/team", new TeamPolicy()),
  small: make("/small", undefined, { maxStoredBytes: 65_536 }),
};

export const NoneHub = apps.none.RuntimeHub;
export const SameHub = apps.same.RuntimeHub;
export const SmallHub = apps.small.RuntimeHub;
export const TeamHub = apps.team.RuntimeHub;

export default {
  async fetch(request, env, ctx) {
    const name = new URL(request.url).pathname.split("/")[1];
    if (name === "healthz") return new Response("ok");
    return apps[name].fetch(request, { RUNTIME_HUB: env[name] }, ctx);
  },
};
