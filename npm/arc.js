// Drives the ARC gate: the core decides, this reads the body, asks the verifier, runs the agent and streams.

import { AgentRun } from "./agent-run.js";
import { handOn, replyTo } from "./arc-upstream.js";
import { auditor, logged, reasonFor } from "./audit.js";
import { readAll } from "./body.js";
import { call, callJson, errorArguments } from "./call.js";
import { deadline } from "./deadline.js";
import { ArcgateError } from "./errors.js";
import { authenticate, headOf, httpContext, isTakenBack } from "./http.js";

const encoder = new TextEncoder();

/** The `/arc` endpoint of one deployment. */
export class ArcEndpoint {
  #config;
  #agents;
  #upstream;
  #audit;
  #timeoutMs;
  #toleranceMs;
  #guard;
  #revoked;

  /**
   * `config` is what the core reads; `guard(principal, request)` may still refuse a principal, and `revoked(principal,
   * credentials, options)` says whether its token was revoked, where `revoked.applies(principal)`.
   */
  constructor({ config, agents, upstream, audit, agentTimeoutMs, clockToleranceSec, guard, revoked }) {
    this.#config = JSON.stringify(config);
    this.#agents = agents;
    this.#upstream = upstream;
    this.#audit = auditor(audit);
    this.#timeoutMs = agentTimeoutMs;
    this.#toleranceMs = clockToleranceSec * 1000;
    this.#guard = guard;
    this.#revoked = revoked;
  }

  /** Answers a request. `verifierOf` gives the verifier once it is needed. Never throws. */
  async handle(request, verifierOf, ctx) {
    const seen = { type: "arc.request" };
    let fields = { Vary: "Origin" };
    try {
      const admission = callJson("arcHead", this.#config, JSON.stringify(headOf(request, headFields)));
      fields = admission.fields;
      const reply = admission.reply ?? (await this.#admitted(request, admission, verifierOf, ctx, seen));
      if (reply instanceof Response) return reply;
      if (reply.reason !== "preflight") this.#tell(seen, reply);
      return response(reply, fields, request.method);
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      this.#audit({ ...seen, outcome: "failed", reason: "internal", status: 500 });
      return response({ status: 500, headers: jsonHeaders, body: internalError }, fields, request.method);
    }
  }

  async #admitted(request, { fields, scheme, token, limit }, verifierOf, ctx, seen) {
    let principal;
    let verifier;
    try {
      verifier = await verifierOf();
      principal = await authenticate(verifier, { scheme, token }, httpContext(request, ctx));
      this.#guard(principal, request);
      if (this.#revoked.applies(principal) && (await this.#revoked(principal, { scheme, token }))) {
        throw new ArcgateError("ERR_TOKEN_REVOKED", "the token is revoked", { details: { fault: "caller" } });
      }
    } catch (error) {
      // What this deployment got wrong is an error in its log, besides the refusal in its audit.
      if (!(error instanceof ArcgateError) || ["ERR_CONFIG", "ERR_INTERNAL"].includes(error.code)) {
        console.error(`arcgate: ${logged(error, token)}`);
      }
      seen.detail = reasonFor(error, token);
      const args = error instanceof ArcgateError ? errorArguments(error) : ["ERR_INTERNAL", true];
      return callJson("arcRefused", ...args);
    }
    seen.principal = principal.key;
    let body;
    try {
      body = request.body ? await readAll(request.body.getReader(), limit) : new Uint8Array(0);
    } catch {
      // The client went away in the middle of it.
      return callJson("arcBroken");
    }
    if (body === undefined) return callJson("arcTooLarge");
    const now = new Date().toISOString();
    const decision = callJson("arcBody", this.#config, JSON.stringify(principal), crypto.randomUUID(), now, body);
    Object.assign(seen, decision.seen);
    if (decision.reply) return decision.reply;
    const isRevoked = this.#revocation(verifier, principal, { scheme, token }, httpContext(request, ctx));
    const watch = deadline(request, this.#endOf(principal, verifier), this.#timeoutMs, isRevoked);
    if (decision.forward === undefined) return this.#run(request, decision, watch, fields, seen);
    return this.#forward(request, { ticket: decision.forward, principal, token, body }, watch, fields, seen);
  }

  // Whether a token that was good is revoked now, by the store's word or the verifier's own; undefined where neither can say.
  #revocation(verifier, principal, credentials, context) {
    const isStored = this.#revoked.applies(principal);
    if (!isStored && verifier.asksRevocation !== true) return undefined;
    return async () => {
      if (isStored && (await this.#revoked(principal, credentials, { maxAgeMs: 500 }))) return true;
      if (verifier.asksRevocation !== true) return false;
      return isTakenBack(verifier, credentials, context, principal);
    };
  }

  // When the token's time is over, in milliseconds: the tolerance is the verifier's own where it says so.
  #endOf({ expiresAt }, { clockToleranceSec }) {
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    return expiresAt * 1000 + (typeof clockToleranceSec === "number" ? clockToleranceSec * 1000 : this.#toleranceMs);
  }

  async #run(request, { agent: name, input, stream, ticket }, watch, fields, seen) {
    const { id, chatId, traceId } = JSON.parse(ticket);
    const agent = this.#agents[name];
    const run = new AgentRun(agent, input, {
      jobId: chatId ?? `task-${id}`,
      name,
      traceId: traceId ?? id,
      signal: watch.signal,
    });
    // Told before the agent works: where the client goes away, nothing of this request may run on.
    this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
    seen.type = "arc.run";
    if (stream) {
      const body = this.#stream(run, ticket, watch, seen);
      return new Response(body, { status: 200, headers: { ...fields, ...streamHeaders } });
    }
    try {
      for (;;) {
        const step = await run.next();
        if ("event" in step) continue;
        const [outcome, output] = ended(step, watch.signal, seen);
        const reply = callJson("arcReply", ticket, outcome, output, new Date().toISOString());
        // An output that strict JSON can't hold is the agent's failure too.
        this.#ended(seen, outcome === "output" && reply.status !== 200 ? "failed" : outcome);
        return response(reply, fields, request.method);
      }
    } finally {
      watch.stop();
    }
  }

  // The same bytes to the upstream, with this user's own credential, and its answer back.
  async #forward(request, { ticket, principal, token, body }, watch, fields, seen) {
    const { signal } = watch;
    let isStream = false;
    try {
      const credential = await this.#upstream.credential(principal, token, signal);
      if (credential.failure) {
        if (credential.failure === "misconfigured") console.error(`arcgate: ${logged(credential.error, token)}`);
        seen.detail = reasonFor(credential.error, token);
        return replyTo(ticket, credential.failure);
      }
      this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
      seen.type = "arc.run";
      const sent = { ticket, principal, token: credential.token, body, signal };
      const answer = await this.#upstream.send(request, sent);
      if (answer.reader) {
        isStream = true;
        const limit = this.#upstream.maxAnswerBytes;
        const stream = handOn(answer.reader, { ticket, limit, watch, ended: (outcome) => this.#ended(seen, outcome) });
        return new Response(stream, { status: 200, headers: { ...fields, ...answer.headers } });
      }
      if (answer.error) seen.detail = reasonFor(answer.error, credential.token);
      seen.status = answer.reply?.status ?? answer.status;
      this.#ended(seen, answer.failure ?? "output");
      return response(answer.reply ?? { ...answer, body: answer.bytes }, fields, request.method);
    } finally {
      if (!isStream) watch.stop();
    }
  }

  // The events as they come, as long as somebody reads them. Whatever happens, the stream ends with the token.
  #stream(run, ticket, { signal, leave, stop }, seen) {
    let over = false;
    const gone = () => {
      if (over) return;
      over = true;
      stop();
      this.#ended(seen, "gone");
    };
    const finish = (controller, outcome, output) => {
      if (over) return;
      over = true;
      stop();
      controller.enqueue(encoder.encode(call("arcLastEvents", ticket, outcome, output)));
      controller.close();
      this.#ended(seen, outcome);
    };
    return new ReadableStream(
      {
        start: (controller) => {
          // At once, even when nobody reads at this moment.
          signal.addEventListener("abort", () => {
            const { outcome } = signal.reason;
            if (outcome) return finish(controller, outcome, "");
            if (over) return;
            gone();
            controller.close();
          });
        },
        pull: async (controller) => {
          while (!over) {
            const step = await run.next();
            if (over) return;
            if (!("event" in step)) {
              finish(controller, ...ended(step, signal, seen));
              return;
            }
            const text = call("arcEvent", ticket, JSON.stringify(step.event) ?? "{}");
            if (text !== undefined) {
              controller.enqueue(encoder.encode(text));
              return;
            }
          }
        },
        cancel: () => {
          gone();
          leave();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #tell(seen, { status, reason, arcCode }) {
    this.#audit({ ...seen, outcome: status < 500 ? "refused" : "failed", reason, status, arcCode });
  }

  #ended(seen, outcome) {
    const [how, reason] = endings[outcome] ?? ["failed", outcome];
    this.#audit({ ...seen, outcome: how, reason });
  }
}

const endings = {
  output: ["completed", "ok"],
  failed: ["failed", "agent_failed"],
  timeout: ["cut", "timeout"],
  expired: ["cut", "ERR_TOKEN_EXPIRED"],
  revoked: ["cut", "ERR_TOKEN_REVOKED"],
  gone: ["cut", "client_gone"],
  unreachable: ["failed", "upstream_unreachable"],
  redirect: ["failed", "upstream_redirect"],
  too_large: ["failed", "upstream_too_large"],
};

// How an agent ended, as the core takes it.
function ended(step, signal, seen) {
  if (step.aborted) return [signal.reason.outcome ?? "gone", ""];
  try {
    if ("output" in step) return ["output", JSON.stringify(step.output) ?? "null"];
    seen.detail = reasonFor(step.error);
  } catch (error) {
    seen.detail = `the agent's output is not JSON: ${reasonFor(error)}`;
  }
  return ["failed", ""];
}

const headFields = {
  origin: "origin",
  authorization: "authorization",
  contentType: "content-type",
  contentLength: "content-length",
  contentEncoding: "content-encoding",
  accept: "accept",
};

function response({ status, headers, body }, fields, method) {
  return new Response(method === "HEAD" ? null : body, { status, headers: { ...fields, ...headers } });
}

const jsonHeaders = {
  "Content-Type": "application/arc+json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

const streamHeaders = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

// For when even the core can't be asked.
const internalError = JSON.stringify({
  arc: "1.0",
  id: "error",
  responseAgent: "arcgate",
  targetAgent: "unknown",
  result: null,
  error: { code: -32603, message: "Internal error" },
});
