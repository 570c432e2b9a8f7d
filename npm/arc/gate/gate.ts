// @ts-nocheck
// Drives the ARC gate: the core decides, this reads the body, asks the verifier, runs the agent and streams.

import { ArcgateError } from "../../errors.js";
import { readAll } from "../../platform/body.js";
import { call, callJson, errorArguments } from "../../platform/call.js";
import { orAborted, within } from "../../platform/cancellation.js";
import { optionsJson } from "../../platform/json.js";
import { authenticate, headOf, httpContext, isTakenBack } from "../../verify/request.js";
import { auditor, logged, reasonFor } from "../../worker/audit.js";
import { Deadline } from "../../worker/deadline.js";
import { ArcRun } from "./run.js";
import { handOn, replyTo } from "./upstream.js";

/** The `/arc` endpoint of one deployment. */
export class ArcEndpoint {
  #config;
  #agents;
  #upstream;
  #audit;
  #timeoutMs;
  #bodyTimeoutMs;
  #verifyTimeoutMs;
  #maxAnswerBytes;
  #toleranceMs;
  #inFlight;
  #guard;
  #revoked;

  /**
   * `config` is what the core reads, `inFlight` what all requests of the isolate share; `guard(principal, request)` may still
   * refuse a principal, and `revoked(principal, credentials, options)` says whether its token was revoked, where
   * `revoked.applies(principal)`.
   */
  constructor({ config, agents, upstream, audit, arc, clockToleranceSec, inFlight, guard, revoked }) {
    this.#config = optionsJson(config);
    this.#agents = agents;
    this.#upstream = upstream;
    this.#audit = auditor(audit);
    this.#timeoutMs = arc.agentTimeoutMs;
    this.#bodyTimeoutMs = arc.bodyTimeoutMs;
    this.#verifyTimeoutMs = arc.verifyTimeoutMs;
    this.#maxAnswerBytes = arc.maxAnswerBytes;
    this.#toleranceMs = clockToleranceSec * 1000;
    this.#inFlight = inFlight;
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
    const credentials = { scheme, token };
    const context = httpContext(request, ctx);
    let verifier;
    let principal;
    try {
      const late = {};
      const known = await within(this.#verifyTimeoutMs, this.#known(request, credentials, context, verifierOf), late);
      if (known === late) throw unavailable("the verifier did not answer within `limits.verifyTimeoutMs`");
      ({ verifier, principal } = known);
    } catch (error) {
      return this.#refused(error, token, seen);
    }
    seen.principal = principal.key;
    const announced = Number(request.headers.get("content-length") ?? 0);
    const place = this.#inFlight.begin(principal.key, { announced, longest: limit });
    if (place.reason) return callJson("arcTooMany", place.reason);
    // What is known of the user, which a verifier that is asked again may say anew.
    const known = { principal, needs: [] };
    const watch = new Deadline(request, {
      tokenEndMs: this.#endOf(principal, verifier),
      isRevoked: this.#revocation(verifier, known, credentials, context),
      complain: (error) => {
        seen.detail = reasonFor(error, token);
        console.error(`arcgate: revocation can't be asked about: ${seen.detail}`);
      },
      stopped: place.end,
    });
    let answer;
    try {
      answer = await this.#answer(request, { known, token, limit, place, watch, fields, seen });
      return answer.response ?? answer;
    } finally {
      // A stream ends its watch itself.
      if (!answer?.isStream) watch.stop();
    }
  }

  // Who it is, by the verifier's word and the store's.
  async #known(request, credentials, context, verifierOf) {
    const verifier = await verifierOf();
    const principal = await authenticate(verifier, credentials, context);
    this.#guard(principal, request);
    if (this.#revoked.applies(principal) && (await this.#revoked(principal, credentials))) throw revoked();
    return { verifier, principal };
  }

  #refused(error, token, seen) {
    // What this deployment got wrong is an error in its log, besides the refusal in its audit.
    if (!(error instanceof ArcgateError) || ["ERR_CONFIG", "ERR_INTERNAL"].includes(error.code)) {
      console.error(`arcgate: ${logged(error, token)}`);
    }
    seen.detail ??= reasonFor(error, token);
    const args = error instanceof ArcgateError ? errorArguments(error) : ["ERR_INTERNAL", true];
    return callJson("arcRefused", ...args);
  }

  // A reply of the core's, a Response, or `{ response, isStream }`.
  async #answer(request, { known, token, limit, place, watch, fields, seen }) {
    watch.allow(this.#bodyTimeoutMs, "body_timeout");
    const { body, turnMs, reply } = await bodyOf(request, limit, watch, place);
    if (reply === "lapsed") return this.#lapsed(watch.outcome, token, seen);
    if (reply) return reply;
    await turnOf(turnMs, watch.signal);
    // The body may have taken long.
    const lapsed = await watch.lapsed();
    if (lapsed) return this.#lapsed(lapsed, token, seen);
    const now = new Date().toISOString();
    const { principal } = known;
    const decision = callJson("arcBody", this.#config, JSON.stringify(principal), crypto.randomUUID(), now, body);
    Object.assign(seen, decision.seen);
    known.needs = decision.needs;
    if (decision.reply) return decision.reply;
    watch.allow(this.#timeoutMs, "timeout");
    watch.watch();
    if (decision.forward === undefined) return this.#run(request, decision, watch, fields, seen);
    return this.#forward(request, { ticket: decision.forward, principal, token, body }, watch, fields, seen);
  }

  // The answer to a request that may not go on, before anything was done for it.
  #lapsed(outcome, token, seen) {
    if (outcome === "body_timeout") return callJson("arcSlow");
    if (outcome === "gone") return callJson("arcBroken");
    if (outcome === "revocation_unknown") {
      return this.#refused(unavailable("nobody could say whether the token is revoked"), token, seen);
    }
    return this.#refused(outcome === "revoked" ? revoked() : expired(), token, seen);
  }

  // Whether a token that was good is revoked now, by the store's word or the verifier's own; undefined where neither can say.
  #revocation(verifier, known, credentials, context) {
    const { principal } = known;
    const isStored = this.#revoked.applies(principal);
    if (!isStored && verifier.asksRevocation !== true) return undefined;
    return async () => {
      if (isStored && (await this.#revoked(principal, credentials, { maxAgeMs: 500 }))) return true;
      if (verifier.asksRevocation !== true) return false;
      return isTakenBack(verifier, credentials, context, {
        principal,
        needs: () => known.needs,
        renewed: (now) => {
          known.principal = now;
        },
      });
    };
  }

  // When the token's time is over, in milliseconds: the tolerance is the verifier's own where it says so.
  #endOf({ expiresAt }, { clockToleranceSec }) {
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    return expiresAt * 1000 + (typeof clockToleranceSec === "number" ? clockToleranceSec * 1000 : this.#toleranceMs);
  }

  async #run(request, decision, watch, fields, seen) {
    const run = new ArcRun(this.#agents[decision.agent], decision, { watch, seen, maxBytes: this.#maxAnswerBytes });
    // Told before the agent works: where the client goes away, nothing of this request may run on.
    this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
    seen.type = "arc.run";
    if (decision.stream) {
      const body = run.stream((outcome) => this.#ended(seen, outcome));
      return {
        response: new Response(body, { status: 200, headers: { ...fields, ...streamHeaders } }),
        isStream: true,
      };
    }
    const { reply, outcome } = await run.answer();
    this.#ended(seen, outcome);
    return response(reply, fields, request.method);
  }

  // The same bytes to the upstream, with this user's own credential, and its answer back.
  async #forward(request, { ticket, principal, token, body }, watch, fields, seen) {
    const credential = await this.#upstream.credential(principal, token, watch);
    if (credential.failure) {
      if (credential.failure === "misconfigured") console.error(`arcgate: ${logged(credential.error, token)}`);
      seen.detail = reasonFor(credential.error, token);
      return replyTo(ticket, credential.failure);
    }
    const lapsed = await watch.lapsed();
    if (lapsed) return lapsed === "timeout" ? replyTo(ticket, lapsed) : this.#lapsed(lapsed, token, seen);
    this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
    seen.type = "arc.run";
    const answer = await this.#upstream.send(request, { ticket, principal, token: credential.token, body, watch });
    if (answer.reader) {
      const limit = this.#upstream.maxAnswerBytes;
      const ended = (outcome) => {
        if (outcome === "too_large") seen.detail = `an event is longer than \`limits.maxAnswerBytes\` (${limit})`;
        this.#ended(seen, outcome);
      };
      const stream = handOn(answer.reader, { ticket, limit, watch, ended });
      const headers = { ...fields, ...answer.headers };
      return { response: new Response(stream, { status: 200, headers }), isStream: true };
    }
    if (answer.error) seen.detail = reasonFor(answer.error, credential.token);
    seen.status = answer.reply?.status ?? answer.status;
    this.#ended(seen, answer.failure ?? "output");
    return response(answer.reply ?? { ...answer, body: answer.bytes }, fields, request.method);
  }

  #tell(seen, { status, reason, arcCode }) {
    this.#audit({ ...seen, outcome: call("refusalOutcome", status), reason, status, arcCode });
  }

  #ended(seen, outcome) {
    this.#audit({ ...seen, ...callJson("endingOutcome", outcome) });
  }
}

// The whole body, counted as it comes: `{ body }`, or `{ reply }`, which is "lapsed" where the watch ended it.
async function bodyOf(request, limit, watch, place) {
  if (!request.body) return { body: new Uint8Array(0), turnMs: place.whole() };
  const { signal } = watch;
  const reader = request.body.getReader();
  const give = () => reader.cancel().catch(() => {});
  signal.addEventListener("abort", give, { once: true });
  let tooMuch;
  const take = (bytes) => {
    tooMuch = place.take(bytes);
    return tooMuch === undefined;
  };
  try {
    const body = await orAborted(readAll(reader, limit, signal, take), signal);
    if (signal.aborted) return { reply: "lapsed" };
    if (body) return { body, turnMs: place.whole() };
    return { reply: tooMuch ? callJson("arcTooMany", tooMuch) : callJson("arcTooLarge") };
  } catch {
    // Or the client went away in the middle of it.
    return { reply: signal.aborted ? "lapsed" : callJson("arcBroken") };
  } finally {
    signal.removeEventListener("abort", give);
  }
}

// Large bodies of one principal are looked at one after the other, with time for the others between. Each waits for itself: what
// one request waits for must not be another's promise.
async function turnOf(ms, signal) {
  if (ms < 1) return;
  let timer;
  const due = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  // Where the watch has ended, what comes next says so.
  await orAborted(due, signal).catch(() => {});
  clearTimeout(timer);
}

const refusal = (code, message, more) => new ArcgateError(code, message, { details: { fault: "caller" }, ...more });
const revoked = () => refusal("ERR_TOKEN_REVOKED", "the token is revoked");
const expired = () => refusal("ERR_TOKEN_EXPIRED", "the token has expired before anything was done");
const unavailable = (message) =>
  refusal("ERR_VERIFIER_UNAVAILABLE", message, { retryable: true, details: { fault: "configuration" } });

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
