// A Worker with a verifier that does what its token says, and with agents that misbehave.

import { ArcgateError, DevModeBearerVerifier, FirstOf, StaticBearerVerifier } from "../../../pkg/entry.workerd.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";

const all = ["arc.task.controller", "arc.chat.controller", "arc.agent.caller"];

const byToken = {
  async authenticate({ scheme, token }) {
    if (scheme !== "bearer") return null;
    const [what, number] = token.split(".");
    switch (what) {
      case "good":
        return { id: "agent-7", scopes: all };
      case "until":
        return { id: "agent-7", scopes: all, expiresAt: Number(number) / 1000 };
      case "code":
        throw new ArcgateError(token.slice(5), `the token was ${token}`);
      case "outage":
        throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "down", { retryable: true, details: { retryAfterSec: 17 } });
      case "bug":
        throw new TypeError(`can't read ${token}`);
      case "nonsense":
        return { name: "no id" };
      case "undefined":
        return undefined;
      default:
        return null;
    }
  },
};

async function* stubborn(_input, { signal }) {
  // Ignores its signal.
  for (let step = 0; ; step += 1) {
    if (step > 400) throw new Error(`was not stopped: ${signal.aborted}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
    yield { kind: "result_chunk", body: { data: `${step} ` } };
  }
}

const agents = {
  ...builtinAgents,
  stubborn,
  "multi@1": async () => "one",
  "multi@2": async () => "two",
  async fails() {
    throw new Error("secret detail of the agent");
  },
  async cyclic() {
    const value = {};
    value.self = value;
    return value;
  },
  async *misspeaks(what) {
    try {
      yield { kind: "result_chunk", body: { data: "first" } };
      yield { bigint: { kind: "x-vendor.acme.n", body: { n: 1n } }, half: "x\ud83d" }[what];
    } finally {
      console.log(`misspeaks: finally ${what}`);
    }
  },
  async nothing() {},
  async reports(_input, { progress, log }) {
    progress(1, 2, "half");
    log("info", "not for the caller");
    progress(2, 2);
    return "done";
  },
  async context(_input, context) {
    return Object.keys(context).sort();
  },
  slow: (_input, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
};

const main = createWorker({
  verifier: byToken,
  agents,
  arc: { bindRequestAgent: false },
  allowedOrigins: ["https://app.example"],
  limits: { maxBodyBytes: 2000, agentTimeoutMs: 15_000, clockToleranceSec: 0 },
});

const dev = createWorker({
  basePath: "/dev",
  verifier: async () =>
    FirstOf.create([
      await StaticBearerVerifier.create({ known: { id: "s", scopes: all } }),
      await DevModeBearerVerifier.create(),
    ]),
  agents,
});

const hosts = createWorker({ basePath: "/hosts", verifier: byToken, agents, allowedHosts: ["gate.example"] });

let factories = 0;
const lazy = createWorker({
  basePath: "/lazy",
  verifier: async (env) => {
    factories += 1;
    if (env.BROKEN) throw new Error("no verifier: secret");
    return { authenticate: async () => ({ id: `made-${factories}` }) };
  },
  agents,
  audit: () => {
    throw new Error("an audit that fails");
  },
});

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const app = { dev, hosts, lazy, broken: lazy }[pathname.split("/")[1]] ?? main;
    return app.fetch(request, env, ctx);
  },
};
