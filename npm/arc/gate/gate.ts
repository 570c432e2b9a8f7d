// Drives the ARC gate: the core decides, this reads the body, asks the verifier, runs the agent and streams.

import type { Agent } from "../../arcp/runtime/types.js";

import { ArcgateError, errorArguments } from "../../errors.js";
import { optionsJson } from "../../platform/json.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { call, callJson, gate, guarded } from "../../platform/modules/gate.js";
import { httpContext } from "../../verify/incoming.js";
import type { RequestPlace } from "../../verify/request.js";
import type { Credentials } from "../../verify/types.js";
import { isPending } from "../../verify/ways.js";
import type { ArcGateCore } from "../../wasm/gate.js";
import { type Auditor, auditor, type Ending, logged, reasonFor, type Told } from "../../worker/audit.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import { Deadline } from "../../worker/deadline.js";
import type { InFlight, Place } from "../../worker/in-flight.js";
import type { ArcLimits } from "../../worker/options.js";
import { Caller, expired, revoked, unavailable } from "./caller.js";
import { headText } from "./head.js";
import { internalError, type Reply, responseOf, streamHeaders } from "./reply.js";
import { bodyOf, turnOf } from "./request-body.js";
import { ArcRun, type RunDecision } from "./run.js";
import type { ArcSettings, BodyDecision, HeadDecision, Surroundings } from "./settings.js";
import { type ArcUpstream, handOn, replyTo } from "./upstream.js";

/** A request that is under way. */
interface Work {
  request: Request;
  /** What its Content-Length says; 0 where it says nothing. */
  announced: number;
  caller: Caller;
  watch: Deadline;
  fields: Record<string, string>;
  seen: Told;
}

/** What it comes to: the core's reply, or a Response, which may be a stream that ends its watch itself. */
type Answer = Reply | { response: Response; isStream: boolean };

/** What each answer has to which nothing else belongs: no browser asks. */
const plainFields: Record<string, string> = { Vary: "Origin" };

/** The `/arc` endpoint of one deployment. */
export class ArcEndpoint {
  #driver: MachineDriver<ArcGateCore>;
  #agents: Record<string, Agent>;
  #names: readonly string[];
  #upstream: ArcUpstream | undefined;
  #audit: Auditor;
  #limits: ArcLimits;
  #toleranceMs: number;
  #inFlight: InFlight;

  constructor(settings: ArcSettings) {
    const { config, agents, upstream, audit, arc, clockToleranceSec, inFlight } = settings;
    const json = optionsJson(config);
    this.#driver = new MachineDriver(gate, { make: () => new gate.bindings.ArcGateCore(json) });
    this.#agents = agents;
    this.#names = Object.keys(agents);
    this.#upstream = upstream;
    this.#audit = auditor(audit);
    this.#limits = arc;
    this.#toleranceMs = clockToleranceSec * 1000;
    this.#inFlight = inFlight;
  }

  /** Answers a request, which goes to this place. Never throws. */
  async handle(request: Request, place: RequestPlace, here: Surroundings): Promise<Response> {
    const seen: Told = { type: "arc.request" };
    let fields = plainFields;
    try {
      const { method, headers } = request;
      const [authorization, length] = [headers.get("authorization"), headers.get("content-length")];
      const head = this.#head(headText(request, place, authorization, length), authorization);
      fields = head.fields;
      const credentials: Credentials = { scheme: head.scheme, token: head.token };
      const answer =
        head.reply ?? (await this.#admitted(request, Number(length ?? 0), { fields, credentials, here, seen }));
      if ("response" in answer) return answer.response;
      if (answer.reason !== "preflight") this.#tell(seen, answer);
      return responseOf(answer, fields, method);
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      this.#audit(seen, { outcome: "failed", reason: "internal", status: 500 });
      return responseOf(internalError, fields, request.method);
    }
  }

  #head(text: string, authorization: string | null): HeadDecision {
    return guarded(() => {
      const core = this.#driver.machine;
      const place = core.head(text);
      if (place === 0) return JSON.parse(core.decision());
      return { fields: plainFields, scheme: "bearer", token: authorization?.slice(place) };
    });
  }

  async #admitted(
    request: Request,
    announced: number,
    {
      fields,
      credentials,
      here,
      seen,
    }: { fields: Work["fields"]; credentials: Credentials; here: Surroundings; seen: Told },
  ): Promise<Answer> {
    const context = httpContext(request, here.ctx);
    const caller = new Caller(credentials, context, here);
    const watch = new Deadline(request);
    let isStream = false;
    try {
      try {
        const known = caller.verify(request);
        if (isPending(known) && !(await watch.first(this.#limits.verifyTimeoutMs, known)))
          throw unavailable("the verifier did not answer within `limits.verifyTimeoutMs`");
      } catch (error) {
        return this.#refused(error, caller.token, seen);
      }
      const { key } = caller.principal;
      seen.principal = key;
      const longest = this.#driver.machine.maxBodyBytes;
      const place = this.#inFlight.begin(key, { announced, longest });
      if ("reason" in place) return callJson<Reply>("arcTooMany", place.reason);
      watch.begin({
        tokenEndMs: caller.endMs(this.#toleranceMs),
        isRevoked: caller.revocation(),
        complain: (error) => {
          seen.detail = reasonFor(error, caller.token);
          console.error(`arcgate: revocation can't be asked about: ${seen.detail}`);
        },
        place,
      });
      const answer = await this.#answer({ request, announced, caller, watch, fields, seen }, longest, place);
      isStream = "response" in answer && answer.isStream;
      return answer;
    } finally {
      // A stream ends its watch itself.
      if (!isStream) watch.stop();
    }
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

  async #answer(given: Work, limit: number, place: Place): Promise<Answer> {
    const { request, announced, caller, watch, seen } = given;
    watch.allow(this.#limits.bodyTimeoutMs, "body_timeout");
    const read = await bodyOf(request, { announced, limit }, watch, place);
    if ("reply" in read) return read.reply === "lapsed" ? this.#lapsed(watch.outcome, caller.token, seen) : read.reply;
    const { body, turnMs } = read;
    if (turnMs >= 1) await turnOf(turnMs, watch);
    // The body may have taken long.
    const lapsed = await watch.lapsed();
    if (lapsed) return this.#lapsed(lapsed, caller.token, seen);
    const [line, ...lines] = this.#body(caller, body);
    const decision: BodyDecision = JSON.parse(line);
    Object.assign(seen, decision.seen);
    caller.needs = decision.needs;
    if (decision.reply) return decision.reply;
    watch.allow(this.#limits.agentTimeoutMs, "timeout");
    watch.watch();
    if (decision.forward) return this.#forward(given, lines[0] as string, body);
    const [input, ticket] = lines as [string, string];
    const { agent, stream, jobId, traceId } = decision;
    const name = this.#names[agent] as string;
    return this.#run(given, { name, input: JSON.parse(input), ticket, jobId, traceId }, stream);
  }

  #body({ principal }: Caller, body: Uint8Array<ArrayBuffer>): [string, ...string[]] {
    const [id, now] = [crypto.randomUUID(), new Date().toISOString()];
    const text = guarded(() => this.#driver.machine.body(JSON.stringify(principal), id, now, body));
    return text.split("\n") as [string, ...string[]];
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

  async #run({ request, watch, fields, seen }: Work, decision: RunDecision, isStream: boolean): Promise<Answer> {
    const { maxAnswerBytes: maxBytes } = this.#limits;
    const run = new ArcRun(this.#agents[decision.name] as Agent, decision, { watch, seen, maxBytes });
    // Told before the agent works: where the client goes away, nothing of this request may run on.
    this.#audit(seen, allowed);
    seen.type = "arc.run";
    if (isStream) {
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
    const { request, caller, watch, fields, seen } = given;
    const { principal, token } = caller;
    const upstream = this.#upstream as ArcUpstream;
    const credential = await upstream.credential(principal, token, watch);
    if (credential.failure !== undefined) {
      if (credential.failure === "misconfigured") console.error(`arcgate: ${logged(credential.error, token)}`);
      seen.detail = reasonFor(credential.error, token);
      return replyTo(ticket, credential.failure);
    }
    const lapsed = await watch.lapsed();
    if (lapsed) return lapsed === "timeout" ? replyTo(ticket, lapsed) : this.#lapsed(lapsed, token, seen);
    this.#audit(seen, allowed);
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
    this.#audit(seen, { outcome, reason, status, arcCode });
  }

  #ended(seen: Told, outcome: string): void {
    let ending = endings.get(outcome);
    if (!ending) {
      ending = callJson<Ending>("endingOutcome", outcome);
      endings.set(outcome, ending);
    }
    this.#audit(seen, ending);
  }
}

const allowed: Ending = { outcome: "allowed", reason: "ok" };

// What the core says of each way to end, of which there are a few.
const endings = new Map<string, Ending>();
