// Drives the ARC gate: the core decides, this reads the body, asks the verifier, runs the agent and streams.

import type { Agent } from "../../arcp/runtime/types.js";
import type { ErrorCode } from "../../error-codes.js";
import { ArcgateError, errorArguments } from "../../errors.js";
import { optionsJson } from "../../platform/json.js";
import { call, callJson } from "../../platform/modules/gate.js";
import { hasBeenRevoked } from "../../verify/asked-again.js";
import { authenticate, headOf, httpContext } from "../../verify/request.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "../../verify/types.js";
import { type Auditor, auditor, logged, reasonFor, type Told } from "../../worker/audit.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import { Deadline } from "../../worker/deadline.js";
import type { Guard } from "../../worker/dev-guard.js";
import type { InFlight, Place } from "../../worker/in-flight.js";
import type { ArcLimits } from "../../worker/options.js";
import type { WorkerContext } from "../../worker/types.js";
import { internalError, type Reply, responseOf, streamHeaders } from "./reply.js";
import { bodyOf, turnOf } from "./request-body.js";
import { ArcRun, type RunDecision } from "./run.js";
import type { ArcSettings, BodyDecision, HeadDecision, StoredRevocation } from "./settings.js";
import { type ArcUpstream, handOn, replyTo } from "./upstream.js";

/** What is known of the user, which a verifier that is asked again may say anew. */
interface Known {
  principal: Principal;
  needs: string[];
}

/** A request that is under way. */
interface Work {
  request: Request;
  known: Known;
  token: string | undefined;
  watch: Deadline;
  fields: Record<string, string>;
  seen: Told;
}

/** What it comes to: the core's reply, or a Response, which may be a stream that ends its watch itself. */
type Answer = Reply | { response: Response; isStream: boolean };

/** The `/arc` endpoint of one deployment. */
export class ArcEndpoint {
  #config: string;
  #agents: Record<string, Agent>;
  #upstream: ArcUpstream | undefined;
  #audit: Auditor;
  #limits: ArcLimits;
  #toleranceMs: number;
  #inFlight: InFlight;
  #guard: Guard;
  #revoked: StoredRevocation;

  constructor(settings: ArcSettings) {
    const { config, agents, upstream, audit, arc, clockToleranceSec, inFlight, guard, revoked } = settings;
    this.#config = optionsJson(config);
    this.#agents = agents;
    this.#upstream = upstream;
    this.#audit = auditor(audit);
    this.#limits = arc;
    this.#toleranceMs = clockToleranceSec * 1000;
    this.#inFlight = inFlight;
    this.#guard = guard;
    this.#revoked = revoked;
  }

  /** Answers a request. `verifierOf` gives the verifier once it is needed. Never throws. */
  async handle(request: Request, verifierOf: () => Promise<Verifier>, ctx?: WorkerContext): Promise<Response> {
    const seen: Told = { type: "arc.request" };
    let fields: Record<string, string> = { Vary: "Origin" };
    try {
      const head = callJson<HeadDecision>("arcHead", this.#config, JSON.stringify(headOf(request, headFields)));
      fields = head.fields;
      const answer = head.reply ?? (await this.#admitted(request, head, verifierOf, ctx, seen));
      if ("response" in answer) return answer.response;
      if (answer.reason !== "preflight") this.#tell(seen, answer);
      return responseOf(answer, fields, request.method);
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      this.#audit({ ...seen, outcome: "failed", reason: "internal", status: 500 });
      return responseOf(internalError, fields, request.method);
    }
  }

  async #admitted(
    request: Request,
    { fields, scheme, token, limit }: HeadDecision,
    verifierOf: () => Promise<Verifier>,
    ctx: WorkerContext | undefined,
    seen: Told,
  ): Promise<Answer> {
    const credentials: Credentials = { scheme, token };
    const context = httpContext(request, ctx);
    const watch = new Deadline(request);
    let isStream = false;
    try {
      let verifier: Verifier;
      let principal: Principal;
      try {
        const asked = this.#user(request, credentials, context, verifierOf);
        const user = await watch.first(this.#limits.verifyTimeoutMs, asked);
        if (user === undefined) throw unavailable("the verifier did not answer within `limits.verifyTimeoutMs`");
        ({ verifier, principal } = user);
      } catch (error) {
        return this.#refused(error, token, seen);
      }
      seen.principal = principal.key;
      const announced = Number(request.headers.get("content-length") ?? 0);
      const place = this.#inFlight.begin(principal.key, { announced, longest: limit });
      if ("reason" in place) return callJson<Reply>("arcTooMany", place.reason);
      const known: Known = { principal, needs: [] };
      watch.begin({
        tokenEndMs: this.#endOf(principal, verifier),
        isRevoked: this.#revocation(verifier, known, credentials, context),
        complain: (error) => {
          seen.detail = reasonFor(error, token);
          console.error(`arcgate: revocation can't be asked about: ${seen.detail}`);
        },
        stays: place.stay,
        stopped: place.end,
      });
      const length = { announced, limit };
      const answer = await this.#answer({ request, known, token, watch, fields, seen }, length, place);
      isStream = "response" in answer && answer.isStream;
      return answer;
    } finally {
      // A stream ends its watch itself.
      if (!isStream) watch.stop();
    }
  }

  // Who it is, by the verifier's word and the store's.
  async #user(
    request: Request,
    credentials: Credentials,
    context: VerifierContext,
    verifierOf: () => Promise<Verifier>,
  ): Promise<{ verifier: Verifier; principal: Principal }> {
    const verifier = await verifierOf();
    const principal = await authenticate(verifier, credentials, context);
    this.#guard(principal, request);
    if (this.#revoked.applies(principal) && (await this.#revoked(principal, credentials))) throw revoked();
    return { verifier, principal };
  }

  #refused(error: unknown, token: string | undefined, seen: Told): Reply {
    // What this deployment got wrong is an error in its log, besides the refusal in its audit.
    if (!(error instanceof ArcgateError) || ["ERR_CONFIG", "ERR_INTERNAL"].includes(error.code)) {
      console.error(`arcgate: ${logged(error, token)}`);
    }
    seen.detail ??= reasonFor(error, token);
    if (!(error instanceof ArcgateError)) return callJson<Reply>("arcRefused", "ERR_INTERNAL", true);
    return callJson<Reply>("arcRefused", ...errorArguments(error));
  }

  async #answer(given: Work, length: { announced: number; limit: number }, place: Place): Promise<Answer> {
    const { request, known, token, watch, seen } = given;
    watch.allow(this.#limits.bodyTimeoutMs, "body_timeout");
    const read = await bodyOf(request, length, watch, place);
    if ("reply" in read) return read.reply === "lapsed" ? this.#lapsed(watch.outcome, token, seen) : read.reply;
    const { body, turnMs } = read;
    if (turnMs >= 1) await turnOf(turnMs, watch);
    // The body may have taken long.
    const lapsed = await watch.lapsed();
    if (lapsed) return this.#lapsed(lapsed, token, seen);
    const now = new Date().toISOString();
    const principal = JSON.stringify(known.principal);
    const decision = callJson<BodyDecision>("arcBody", this.#config, principal, crypto.randomUUID(), now, body);
    Object.assign(seen, decision.seen);
    known.needs = decision.needs;
    if (decision.reply) return decision.reply;
    watch.allow(this.#limits.agentTimeoutMs, "timeout");
    watch.watch();
    return decision.forward === undefined ? this.#run(given, decision) : this.#forward(given, decision.forward, body);
  }

  // The answer to a request that may not go on, before anything was done for it.
  #lapsed(outcome: string, token: string | undefined, seen: Told): Reply {
    if (outcome === "body_timeout") return callJson<Reply>("arcSlow");
    if (outcome === "gone") return callJson<Reply>("arcBroken");
    if (outcome === "revocation_unknown") {
      return this.#refused(unavailable("nobody could say whether the token is revoked"), token, seen);
    }
    return this.#refused(outcome === "revoked" ? revoked() : expired(), token, seen);
  }

  // Whether a token that was good is revoked now, by the store's word or the verifier's own; undefined where neither can say.
  #revocation(verifier: Verifier, known: Known, credentials: Credentials, context: VerifierContext) {
    const { principal } = known;
    const isStored = this.#revoked.applies(principal);
    if (!isStored && verifier.asksRevocation !== true) return undefined;
    return async () => {
      if (isStored && (await this.#revoked(principal, credentials, { maxAgeMs: 500 }))) return true;
      if (verifier.asksRevocation !== true) return false;
      return hasBeenRevoked(verifier, credentials, context, {
        principal,
        needs: () => known.needs,
        renewed: (now: Principal) => {
          known.principal = now;
        },
      });
    };
  }

  // When the token's time is over, in milliseconds: the tolerance is the verifier's own where it says so.
  #endOf({ expiresAt }: Principal, { clockToleranceSec }: Verifier): number {
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    return expiresAt * 1000 + (typeof clockToleranceSec === "number" ? clockToleranceSec * 1000 : this.#toleranceMs);
  }

  async #run({ request, watch, fields, seen }: Work, decision: RunDecision & { stream: boolean }): Promise<Answer> {
    const { maxAnswerBytes: maxBytes } = this.#limits;
    const run = new ArcRun(this.#agents[decision.agent] as Agent, decision, { watch, seen, maxBytes });
    // Told before the agent works: where the client goes away, nothing of this request may run on.
    this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
    seen.type = "arc.run";
    if (decision.stream) {
      const body = run.stream((outcome) => this.#ended(seen, outcome));
      const response = new Response(body, { status: 200, headers: { ...fields, ...streamHeaders } });
      return { response, isStream: true };
    }
    const { reply, outcome } = await run.answer();
    this.#ended(seen, outcome);
    return { response: responseOf(reply, fields, request.method), isStream: false };
  }

  // The same bytes to the upstream, with this user's own credential, and its answer back.
  async #forward(given: Work, ticket: string, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
    const { request, token, watch, fields, seen } = given;
    const { principal } = given.known;
    const upstream = this.#upstream as ArcUpstream;
    const credential = await upstream.credential(principal, token, watch);
    if (credential.failure !== undefined) {
      if (credential.failure === "misconfigured") console.error(`arcgate: ${logged(credential.error, token)}`);
      seen.detail = reasonFor(credential.error, token);
      return replyTo(ticket, credential.failure);
    }
    const lapsed = await watch.lapsed();
    if (lapsed) return lapsed === "timeout" ? replyTo(ticket, lapsed) : this.#lapsed(lapsed, token, seen);
    this.#audit({ ...seen, outcome: "allowed", reason: "ok" });
    seen.type = "arc.run";
    const answer = await upstream.send(request, { ticket, principal, token: credential.token, body, watch });
    if ("reader" in answer) {
      const limit = upstream.maxAnswerBytes;
      const ended = (outcome: string) => {
        if (outcome === "too_large") seen.detail = `an event is longer than \`limits.maxAnswerBytes\` (${limit})`;
        this.#ended(seen, outcome);
      };
      const stream = handOn(answer.reader, { ticket, limit, watch, ended });
      const headers = { ...fields, ...answer.headers };
      return { response: new Response(stream, { status: 200, headers }), isStream: true };
    }
    const isFailed = "failure" in answer;
    if (isFailed && answer.error) seen.detail = reasonFor(answer.error, credential.token);
    const reply = isFailed ? answer.reply : { ...answer, body: answer.bytes };
    seen.status = reply.status;
    this.#ended(seen, isFailed ? answer.failure : "output");
    return { response: responseOf(reply, fields, request.method), isStream: false };
  }

  #tell(seen: Told, { status, reason, arcCode }: Reply): void {
    const outcome = call("refusalOutcome", status) as AuditEvent["outcome"];
    this.#audit({ ...seen, outcome, reason, status, arcCode });
  }

  #ended(seen: Told, outcome: string): void {
    this.#audit({ ...seen, ...callJson<Pick<AuditEvent, "outcome" | "reason">>("endingOutcome", outcome) });
  }
}

const refusal = (code: ErrorCode, message: string) => new ArcgateError(code, message, { details: { fault: "caller" } });
const revoked = () => refusal("ERR_TOKEN_REVOKED", "the token is revoked");
const expired = () => refusal("ERR_TOKEN_EXPIRED", "the token has expired before anything was done");
const unavailable = (message: string) =>
  new ArcgateError("ERR_VERIFIER_UNAVAILABLE", message, { retryable: true, details: { fault: "configuration" } });

const headFields = {
  origin: "origin",
  authorization: "authorization",
  contentType: "content-type",
  contentLength: "content-length",
  contentEncoding: "content-encoding",
  accept: "accept",
};
