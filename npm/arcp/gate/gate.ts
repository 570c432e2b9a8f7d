// @ts-nocheck
// Drives the ARCP gate: the core decides, this accepts the socket, asks the verifier, opens what is behind, and carries frames.

import { call } from "../../platform/call.js";
import { within } from "../../platform/cancellation.js";
import { optionsJson } from "../../platform/json.js";
import { headOf } from "../../verify/request.js";
import { auditor, logged } from "../../worker/audit.js";
import { Connection } from "./connection.js";
import { addressKey, FailedHandshakes, Places, Rates, SILENT_MS, Silent, Waiting } from "./limits.js";

const TOO_MANY_REQUESTS = { status: 429, reason: "too_many_requests", name: "Retry-After", value: "60" };
/** The platform's counter answers at once, or it is out of order. */
const RATE_LIMIT_MS = 1000;
/** All sessions of a principal together may say as much as so many of them that say all they may. */
const SESSIONS = 5;
/** At once they may say as much as one session: so many seconds' worth of bytes. The isolate has one thread. */
const BURST_SECONDS = 2;
/** Stands for all who come without an address, as they do where no proxy tells it. */
const NO_ADDRESS = "-";

/** The `/arcp` endpoint of one deployment. There is one for an isolate. */
export class ArcpEndpoint {
  #config;
  #audit;
  #limits;
  #failed;
  #waiting;
  #silent;
  #addresses;
  #shared;
  #open = 0;

  /**
   * `config` is what the core reads. `limits`: `maxConnections`, `maxConnectionsPerAddress`, `maxConnectionsPerPrincipal`,
   * `maxSilentConnections`, `maxFramesPerSec`, `maxBytesPerSec`, `failedHandshakesPerMinute`, `rateLimit` (the name of a binding).
   * `seal(text)` computes the code of a resume token. `revoked(principal, credentials, env)` tells whether a credential was
   * revoked, and `revoked.applies(principal, env)` whether that can be at all.
   */
  constructor({ config, audit, clockToleranceSec, limits, seal, revoked }) {
    this.#config = optionsJson(config);
    this.#audit = auditor(audit);
    this.#limits = limits;
    this.#failed = new FailedHandshakes(limits.failedHandshakesPerMinute);
    this.#waiting = new Waiting(limits.maxConnections);
    this.#silent = new Silent(limits.maxSilentConnections);
    this.#addresses = new Places(limits.maxConnectionsPerAddress);
    const places = new Places(limits.maxConnectionsPerPrincipal);
    const { maxFramesPerSec, maxBytesPerSec } = limits;
    const rates = new Rates(maxFramesPerSec * SESSIONS, maxBytesPerSec * SESSIONS, maxBytesPerSec * BURST_SECONDS);
    const { connect = [], submit = [] } = Object(config.arcp?.scopes);
    const needs = [connect, submit].flat();
    this.#shared = { toleranceMs: clockToleranceSec * 1000, seal, revoked, places, rates, needs, sessions: new Map() };
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
      const full = this.#full(address);
      if (full) return this.#refuse(full);
      if (!(await this.#isWithinRate(address, env))) return this.#refuse(TOO_MANY_REQUESTS);
      let behind;
      try {
        behind = await behindOf();
      } catch (error) {
        console.error(`arcgate: ${logged(error)}`);
        return this.#refuse({ status: 503, reason: "unavailable", name: "Retry-After", value: "30" });
      }
      // Others may have come meanwhile. From here to the place that is taken nothing is waited for.
      const filled = this.#full(address);
      if (filled) return this.#refuse(filled);
      if (this.#waiting.isFull(address ?? NO_ADDRESS)) this.#silent.makeRoom(NO_ADDRESS);
      return this.#upgrade(request, address, { verifierOf, behind, guard, env, ctx });
    } catch (error) {
      console.error(`arcgate: ${logged(error)}`);
      return this.#refuse({ status: 500, reason: "server_error" });
    }
  }

  // The answer where there is no place for one more.
  #full(address) {
    if (this.#failed.isFull(address, Date.now())) return TOO_MANY_REQUESTS;
    const answer = (status) => ({ status, reason: "too_many_connections", name: "Retry-After", value: "5" });
    if (this.#addresses.isFull(address)) return answer(429);
    if (this.#open >= this.#limits.maxConnections) return answer(503);
    // Without an address everybody shares one key, and who has something to say must not be kept out by those who haven't.
    const isCrowded = this.#waiting.isFull(address ?? NO_ADDRESS);
    return isCrowded && !(address === undefined && this.#silent.has(NO_ADDRESS)) ? TOO_MANY_REQUESTS : undefined;
  }

  #upgrade(request, address, rest) {
    const [theirs, ours] = Object.values(new WebSocketPair());
    const key = address ?? NO_ADDRESS;
    const hasWaited = this.#waiting.begin(key);
    const hasLeft = this.#addresses.begin(address);
    let counts = true;
    const release = () => {
      hasWaited();
      hasLeft();
      if (counts) this.#open -= 1;
      counts = false;
    };
    // A socket is closed by its own request alone: another one settles a promise, and its place is free at once.
    const crowdedOut = Promise.withResolvers();
    const silent = this.#silent.begin(key, () => {
      release();
      crowdedOut.resolve();
    });
    const aging = setTimeout(silent.age, SILENT_MS);
    const onHeard = () => {
      clearTimeout(aging);
      silent.end();
    };
    const connection = new Connection(request, ours, {
      ...rest,
      ...this.#shared,
      config: this.#config,
      audit: (event) => {
        if (event.type === "arcp.hello") hasWaited();
        if (event.type === "arcp.hello" && event.outcome === "refused") this.#failed.add(address, Date.now());
        this.#audit(event);
      },
      onHeard,
      onEnd: () => {
        onHeard();
        release();
      },
    });
    this.#open += 1;
    connection.begin();
    crowdedOut.promise.then(() => connection.crowdedOut());
    return new Response(null, { status: 101, webSocket: theirs });
  }

  // The platform's own counter, where there is one. One that fails, or does not answer, keeps nobody out: what this isolate
  // counts itself holds still.
  async #isWithinRate(address, env) {
    const { rateLimit } = this.#limits;
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

  #refuse({ status, reason, name, value }) {
    this.#audit({ type: "arcp.upgrade", outcome: status < 500 ? "refused" : "failed", reason, status });
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store", Vary: "Origin" };
    if (name) headers[name] = value;
    return new Response(JSON.stringify({ error: reason }), { status, headers });
  }
}
