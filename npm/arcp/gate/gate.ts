// @ts-nocheck
// Drives the ARCP gate: the core decides, this accepts the socket, asks the verifier, opens what is behind, and carries frames.

import { call } from "../../platform/call.js";
import { within } from "../../platform/cancellation.js";
import { optionsJson } from "../../platform/json.js";
import { headOf } from "../../verify/request.js";
import { auditor, logged } from "../../worker/audit.js";
import { Admission, addressKey } from "./admission.js";
import { Connection } from "./connection.js";

const TOO_MANY_REQUESTS = { status: 429, reason: "too_many_requests", retryAfter: 60 };
/** The platform's counter answers at once, or it is out of order. */
const RATE_LIMIT_MS = 1000;

/** The `/arcp` endpoint of one deployment. There is one for an isolate. */
export class ArcpEndpoint {
  #config;
  #audit;
  #rateLimit;
  #admission;
  #shared;

  /**
   * `config` is what the core reads. `limits`: `maxConnections`, `maxConnectionsPerAddress`, `maxConnectionsPerPrincipal`,
   * `maxSilentConnections`, `maxFramesPerSec`, `maxBytesPerSec`, `failedHandshakesPerMinute`, `rateLimit` (the name of a binding).
   * `seal(text)` computes the code of a resume token. `revoked(principal, credentials, env)` tells whether a credential was
   * revoked, and `revoked.applies(principal, env)` whether that can be at all.
   */
  constructor({ config, audit, clockToleranceSec, limits, seal, revoked }) {
    this.#config = optionsJson(config);
    this.#audit = auditor(audit);
    const { rateLimit, ...counted } = limits;
    this.#rateLimit = rateLimit;
    this.#admission = new Admission(counted);
    const { connect = [], submit = [] } = Object(config.arcp?.scopes);
    const needs = [connect, submit].flat();
    this.#shared = { toleranceMs: clockToleranceSec * 1000, seal, revoked, needs, sessions: new Map() };
  }

  /** Throws what is wrong with the configuration, until it has been found right once. */
  check() {
    this.#shared.maxBuffered ??= call("arcpCheck", this.#config);
  }

  /**
   * Answers a request for an upgrade. `verifierOf()` and `behindOf()` give the verifier and what is behind once they are needed;
   * `guard(principal, request)` may still refuse a principal. Never throws.
   */
  async handle(request, { verifierOf, behindOf, guard, env, ctx }) {
    try {
      const answer = call(
        "arcpHead",
        this.#config,
        JSON.stringify(headOf(request, { origin: "origin", upgrade: "upgrade" })),
      );
      if (answer !== undefined) return this.#refuse(JSON.parse(answer));
      const address = addressKey(request.headers.get("cf-connecting-ip") ?? undefined);
      const full = this.#admission.full(address);
      if (full) return this.#refuse(full);
      if (!(await this.#isWithinRate(address, env))) return this.#refuse(TOO_MANY_REQUESTS);
      let behind;
      try {
        behind = await behindOf();
      } catch (error) {
        console.error(`arcgate: ${logged(error)}`);
        return this.#refuse({ status: 503, reason: "unavailable", retryAfter: 30 });
      }
      // Others may have come meanwhile. From here to the place that is taken nothing is waited for.
      const filled = this.#admission.full(address);
      if (filled) return this.#refuse(filled);
      return this.#upgrade(request, address, { verifierOf, behind, guard, env, ctx });
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      return this.#refuse({ status: 500, reason: "server_error" });
    }
  }

  #upgrade(request, address, rest) {
    const [theirs, ours] = Object.values(new WebSocketPair());
    // A socket is closed by its own request alone: another one settles a promise, and its place is free at once.
    const crowdedOut = Promise.withResolvers();
    const place = this.#admission.begin(address, crowdedOut.resolve);
    const connection = new Connection(request, ours, {
      ...rest,
      ...this.#shared,
      place,
      config: this.#config,
      audit: (event) => {
        if (event.type === "arcp.hello") place.hello(event.outcome === "refused");
        this.#audit(event);
      },
      onEnd: place.end,
    });
    connection.begin();
    crowdedOut.promise.then(() => connection.crowdedOut());
    return new Response(null, { status: 101, webSocket: theirs });
  }

  // The platform's own counter, where there is one. One that fails, or does not answer, keeps nobody out: what this isolate
  // counts itself holds still.
  async #isWithinRate(address, env) {
    const rateLimit = this.#rateLimit;
    if (rateLimit === undefined || address === undefined) return true;
    const binding = env?.[rateLimit];
    if (typeof binding?.limit !== "function") throw new TypeError(`limits.rateLimit: ${rateLimit} is not bound`);
    try {
      const answer = await within(RATE_LIMIT_MS, binding.limit({ key: address }), undefined);
      if (answer === undefined) console.error(`arcgate: the rate limit did not answer within ${RATE_LIMIT_MS} ms`);
      return answer?.success !== false;
    } catch (error) {
      console.error(`arcgate: the rate limit failed: ${error?.name}`);
      return true;
    }
  }

  #refuse({ status, reason, retryAfter, name, value }) {
    this.#audit({ type: "arcp.upgrade", outcome: call("refusalOutcome", status), reason, status });
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store", Vary: "Origin" };
    if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
    if (name) headers[name] = value;
    return new Response(JSON.stringify({ error: reason }), { status, headers });
  }
}
