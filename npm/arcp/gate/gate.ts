// Drives the ARCP gate: the core decides, this accepts the socket, asks the verifier, opens the upstream, and carries frames.

import { within } from "../../platform/cancellation.js";
import { optionsJson } from "../../platform/json.js";
import { call } from "../../platform/modules/gate.js";
import { type Auditor, auditor, logged } from "../../worker/audit.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import { Admission, addressKey } from "./admission.js";
import { Connection } from "./connection.js";
import { Endpoint } from "./endpoint.js";
import { Sessions } from "./sessions.js";
import type { ArcpSettings, ConnectionOptions, Here, ServerSocket, Upstream } from "./settings.js";

const TOO_MANY_REQUESTS = { status: 429, reason: "too_many_requests", retryAfter: 60 };
/** The platform's counter answers at once, or it is out of order. */
const RATE_LIMIT_MS = 1000;

/** Why a request is not upgraded, as the core says it or the counts do. */
interface Refusal {
  status: number;
  reason: string;
  retryAfter?: number;
  name?: string;
  value?: string;
}

/** Workers' pair of sockets. */
declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

/** The `/arcp` endpoint of one deployment. There is one for an isolate. */
export class ArcpEndpoint {
  #endpoint: Endpoint;
  #audit: Auditor;
  #rateLimit: string | undefined;
  #admission: Admission;
  #shared: Pick<ConnectionOptions, "toleranceMs" | "seal" | "revoked" | "needs" | "sessions">;
  #maxBuffered: number | undefined;

  constructor({ config, audit, clockToleranceSec, limits, seal, revoked }: ArcpSettings) {
    this.#endpoint = new Endpoint(optionsJson(config));
    this.#audit = auditor(audit);
    const { rateLimit, ...counted } = limits;
    this.#rateLimit = rateLimit;
    this.#admission = new Admission(counted);
    const { connect = [], submit = [] } = Object(config.arcp?.scopes);
    const needs = [connect, submit].flat();
    this.#shared = { toleranceMs: clockToleranceSec * 1000, seal, revoked, needs, sessions: new Sessions() };
  }

  /** Throws what is wrong with the configuration, until it has been found right once. */
  check(): void {
    this.#maxBuffered ??= this.#endpoint.maxBuffered();
  }

  /** Answers a request for an upgrade. Never throws. */
  async handle(request: Request, { upstreamOf, ...here }: Here): Promise<Response> {
    try {
      const answer = this.#endpoint.refusal(request);
      if (answer !== undefined) return this.#refuse(JSON.parse(answer));
      const address = addressKey(request.headers.get("cf-connecting-ip") ?? undefined);
      const full = this.#admission.full(address);
      if (full) return this.#refuse(full);
      if (this.#rateLimit !== undefined) {
        if (!(await this.#isWithinRate(address, here.env))) return this.#refuse(TOO_MANY_REQUESTS);
        // Others may have come meanwhile. From here to the place that is taken nothing is waited for.
        const filled = this.#admission.full(address);
        if (filled) return this.#refuse(filled);
      }
      let upstream: Upstream;
      try {
        upstream = upstreamOf();
      } catch (error) {
        console.error(`arcgate: ${logged(error)}`);
        return this.#refuse({ status: 503, reason: "unavailable", retryAfter: 30 });
      }
      return this.#upgrade(request, address, { ...here, upstream });
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      return this.#refuse({ status: 500, reason: "server_error" });
    }
  }

  #upgrade(
    request: Request,
    address: string | undefined,
    rest: Omit<Here, "upstreamOf"> & { upstream: Upstream },
  ): Response {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    // A socket is closed by its own request alone: another one settles a promise, and its place is free at once.
    let crowdOut = () => {};
    const crowdedOut = new Promise<void>((resolve) => {
      crowdOut = resolve;
    });
    const place = this.#admission.begin(address, () => crowdOut());
    const connection = new Connection(request, ours, {
      ...rest,
      ...this.#shared,
      place,
      endpoint: this.#endpoint,
      maxBuffered: this.#maxBuffered ?? 0,
      audit: (event) => {
        if (event.type === "arcp.hello") place.hello(event.outcome === "refused");
        this.#audit(event);
      },
    });
    connection.begin();
    crowdedOut.then(() => connection.crowdedOut());
    return new Response(null, { status: 101, webSocket: theirs } as ResponseInit);
  }

  // The platform's own counter, where there is one. One that fails, or does not answer, keeps nobody out: what this isolate
  // counts itself holds still.
  async #isWithinRate(address: string | undefined, env: unknown): Promise<boolean> {
    const rateLimit = this.#rateLimit;
    if (rateLimit === undefined || address === undefined) return true;
    const binding = Object(env)[rateLimit] as { limit?(key: { key: string }): Promise<{ success?: boolean }> };
    if (typeof binding?.limit !== "function") throw new TypeError(`limits.rateLimit: ${rateLimit} is not bound`);
    try {
      const answer = await within(RATE_LIMIT_MS, binding.limit({ key: address }), undefined);
      if (answer === undefined) console.error(`arcgate: the rate limit did not answer within ${RATE_LIMIT_MS} ms`);
      return answer?.success !== false;
    } catch (error) {
      console.error(`arcgate: the rate limit failed: ${Object(error).name}`);
      return true;
    }
  }

  #refuse({ status, reason, retryAfter, name, value }: Refusal): Response {
    this.#audit({
      type: "arcp.upgrade",
      outcome: call("refusalOutcome", status) as AuditEvent["outcome"],
      reason,
      status,
    });
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      Vary: "Origin",
    };
    if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
    if (name) headers[name] = value ?? "";
    return new Response(JSON.stringify({ error: reason }), { status, headers });
  }
}
