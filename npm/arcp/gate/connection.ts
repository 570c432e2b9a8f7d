// @ts-nocheck
// One client's socket and what is behind it. The core decides; here is what it decides about: sockets, a timer, promises.

import { ArcgateError } from "../../errors.js";
import { bindings, instanceEpoch, recoverFrom } from "../../platform/wasm.js";
import { logged, reasonFor } from "../../worker/audit.js";
import { NORMAL, RESTART } from "../close-codes.js";
import { Credit } from "../hub-protocol.js";
import { Identity } from "./identity.js";
import { Line } from "./socket.js";

/** So much of an upstream's frame that is too large is looked at. */
const HEAD = 4096;
/** Who has said nothing has so long to answer a close: until then it may hold what the platform has put together of a message. */
const SILENT_ANSWER_MS = 250;
/** Timers beyond this would fire at once on some platforms. */
const LONGEST_TIMER = 3_600_000;

/** Carries one connection until both sockets are closed. */
export class Connection {
  #request;
  #client;
  #clientLine;
  #upstream;
  #upstreamLine;
  #dialing;
  #left = 1;
  #hasLeft = false;
  #isSilent = true;
  #options;
  #core;
  #epoch;
  #principal;
  #token;
  #identity;
  #session;
  #detail;
  #timer;
  #timerAt;
  #overflow;
  #over = false;
  #abort = new AbortController();

  /** `socket` is the server's end of the pair, not yet accepted. */
  constructor(request, socket, options) {
    this.#request = request;
    this.#client = socket;
    this.#options = options;
    this.#identity = new Identity(request, options, this.#abort.signal);
    const [high, low] = crypto.getRandomValues(new Uint32Array(2));
    this.#epoch = instanceEpoch();
    const { config, behind, place } = options;
    const hasGauge = typeof socket.bufferedAmount === "number";
    this.#core = new bindings.ArcpGateCore(
      config,
      place.core,
      place.conn,
      behind.trusted === true, hasGauge, high, low, Date.now());
  }

  /** Accepts the socket. */
  begin() {
    // A close that comes in is answered when the core has seen it.
    this.#client.accept({ allowHalfOpen: true });
    // Nothing but the end of its own request takes a socket from a client that doesn't let go; whatever else is still open of
    // this connection goes with it.
    this.#clientLine = this.#line(this.#client, () => this.#options.ctx?.abort?.("the client doesn't answer a close"));
    this.#listen(this.#client, "client");
    this.#do(() => {});
  }

  /** It has said nothing, and its place is another's. */
  crowdedOut() {
    this.#do((core, now) => core.note("clientCrowdedOut", now));
    this.#clientLine.cut();
  }

  // The connection counts until nothing of it is left.
  #line(socket, cut) {
    this.#left += 1;
    return new Line(socket, { cut, onGone: () => this.#release() });
  }

  #release() {
    this.#left -= 1;
    if (this.#left > 0 || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#options.onEnd();
  }

  #listen(socket, side) {
    const isClient = side === "client";
    const isCurrent = () => isClient || socket === this.#upstream;
    const isHub = !isClient && this.#options.behind.trusted === true;
    const credit = isHub ? new Credit(socket, this.#client) : undefined;
    socket.addEventListener("message", ({ data }) => {
      if (!isCurrent()) return;
      if (isClient && this.#isSilent) {
        this.#isSilent = false;
        this.#options.place.heard();
      }
      let forwarded = false;
      this.#do((core, now) => {
        if (typeof data !== "string") {
          if (isClient) core.clientBinary(data.byteLength ?? data.size ?? 0, now);
          else core.note("upstreamBinary", now);
        }
        // A character is a byte at least: what is too long here doesn't even go into the core's memory. Of an upstream's frame
        // its beginning does: the number stands there.
        else if (isClient && data.length > core.clientLimit()) core.clientOversized(data.length, now);
        else if (!isClient && data.length > core.upstreamLimit())
          core.upstreamOversized(data.slice(0, HEAD), data.length, now);
        else forwarded = isClient ? core.clientText(data, now) : core.upstreamText(data, now);
        if (forwarded) this.#send(isClient ? "upstream" : "client", data);
        return forwarded;
      });
      credit?.passed(data);
    });
    const closed = (code) => {
      credit?.stop();
      if (!isCurrent()) return;
      this.#do((core, now) => (isClient ? core.note("clientClosed", now) : core.upstreamClosed(code, now)));
    };
    socket.addEventListener("close", ({ code }) => closed(code));
    socket.addEventListener("error", () => closed(1006));
  }

  // Hands something to the core, and performs what it decides. A frame that was sent on needs nothing else: there are no actions,
  // and deadlines only moved away.
  #do(step) {
    if (this.#over) return;
    try {
      if (instanceEpoch() !== this.#epoch) throw new Error("the core was replaced");
      const forwarded = step(this.#core, Date.now());
      if (forwarded === true && this.#overflow === undefined) return;
      this.#perform();
      if (this.#overflow !== undefined && !this.#over) {
        this.#core.note(`${this.#overflow}Overflowed`, Date.now());
        this.#perform();
      }
    } catch (thrown) {
      recoverFrom(thrown);
      console.error(`arcgate: ${logged(thrown, this.#token)}`);
      this.#options.audit({ type: "arcp.session", outcome: "cut", reason: "internal", session: this.#session });
      this.#clientLine.close(RESTART.code, RESTART.reason);
      this.#end();
    }
  }

  #perform() {
    const actions = this.#core.actions();
    if (actions !== undefined) {
      let isClosed = false;
      for (const action of JSON.parse(actions)) {
        this.#act(action);
        isClosed ||= action.do === "close";
      }
      if (isClosed) return this.#end();
    }
    this.#schedule();
  }

  #act(action) {
    switch (action.do) {
      case "send":
        return this.#send("client", action.text);
      case "sendUpstream":
        return this.#send("upstream", action.text);
      case "close":
        return this.#clientLine.close(action.code, action.reason, this.#isSilent ? SILENT_ANSWER_MS : undefined);
      case "closeUpstream":
        return this.#closeUpstream();
      case "authenticate":
        return void this.#authenticate(action);
      case "open":
        return void this.#open(action.resumes);
      case "mac":
        return void this.#mac(action.input);
      case "askRevoked":
        return void this.#askRevoked();
      case "audit":
        return this.#tell(action.event);
    }
  }

  // What waits is counted without the frame itself: one that is larger than all that may wait would never arrive, however often
  // it is tried.
  #send(side, text) {
    const socket = side === "client" ? this.#client : this.#upstream;
    if (socket.bufferedAmount > this.#options.maxBuffered) this.#overflow ??= side;
    try {
      socket.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  // Another one may be opened after it. What was opened is closed, and not aborted: or its last frames would not arrive.
  #closeUpstream() {
    if (this.#upstream) this.#upstreamLine.close(NORMAL.code, NORMAL.reason);
    else this.#dialing?.abort();
    this.#upstream = undefined;
  }

  // Nothing is handed in any more.
  #end() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#closeUpstream();
    this.#abort.abort();
    const { sessions } = this.#options;
    const name = this.#nameOf(this.#session);
    if (sessions.get(name)?.connection === this) sessions.delete(name);
    this.#principal = undefined;
    this.#token = undefined;
    this.#identity = undefined;
    if (instanceEpoch() === this.#epoch) this.#core.free();
    this.#release();
  }

  #schedule() {
    const at = this.#core.deadline();
    if (at === undefined || (this.#timer !== undefined && this.#timerAt <= at)) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    const wait = Math.min(Math.max(1, at - now), LONGEST_TIMER);
    this.#timerAt = now + wait;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#do((core, then) => core.tick(then));
    }, wait);
  }

  async #authenticate({ scheme, token }) {
    const { place } = this.#options;
    try {
      const { principal, toleranceMs, asks } = await this.#identity.find({ scheme, token });
      if (this.#over) return;
      this.#principal = principal;
      this.#token = token;
      if (!place.takesPrincipal(principal.key)) {
        return this.#do((core, now) => core.tooManyConnections(JSON.stringify(principal), place.maxPerPrincipal, now));
      }
      this.#do((core, now) => core.authenticated(JSON.stringify(principal), toleranceMs, asks, now));
    } catch (error) {
      const isOurs = error instanceof ArcgateError;
      // What this deployment got wrong is an error in its log, besides the refusal in its audit.
      if (!isOurs || ["ERR_CONFIG", "ERR_INTERNAL"].includes(error.code)) {
        console.error(`arcgate: ${logged(error, token)}`);
      }
      this.#detail = reasonFor(error, token);
      this.#do((core, now) =>
        isOurs
          ? core.refused(String(error.code), error.retryable === true, now)
          : core.refused("ERR_INTERNAL", true, now),
      );
    }
  }

  async #open(resumes) {
    const { behind, sessions } = this.#options;
    try {
      // The old connection of a session that is resumed, if it is in this isolate and nobody has noticed its end.
      if (resumes !== undefined && !behind.trusted) sessions.get(this.#nameOf(resumes))?.displace();
      const dialing = new AbortController();
      this.#dialing = dialing;
      const { socket, auth } = await behind(this.#principal, this.#token, {
        signal: dialing.signal,
        request: this.#request,
      });
      const line = this.#line(socket, () => dialing.abort());
      if (this.#over || dialing.signal.aborted) return line.close(NORMAL.code, NORMAL.reason);
      this.#dialing = undefined;
      this.#upstream = socket;
      this.#upstreamLine = line;
      this.#listen(socket, "upstream");
      this.#do((core, now) => core.opened(auth.scheme, auth.token, now));
    } catch (error) {
      if (this.#over) return;
      console.error(`arcgate: ${logged(error, this.#token)}`);
      this.#detail = reasonFor(error, this.#token);
      const code = error instanceof ArcgateError ? String(error.code) : "ERR_INTERNAL";
      this.#do((core, now) => core.openFailed(code, now));
    }
  }

  async #mac(input) {
    let code;
    try {
      code = await this.#options.seal(input);
    } catch (error) {
      console.error(`arcgate: sealing failed: ${error?.name}`);
    }
    this.#do((core, now) => core.mac(code, now));
  }

  async #askRevoked() {
    let answer;
    try {
      answer = await this.#identity.isRevoked();
    } catch (error) {
      console.error(`arcgate: revocation can't be asked about: ${reasonFor(error, this.#token)}`);
    }
    this.#do((core, now) => core.revocation(answer, now));
  }

  #tell(event) {
    if (event.type === "arcp.hello" && event.outcome === "allowed") this.#register(event.session);
    else if (event.type === "arcp.hello") event.detail = this.#detail;
    this.#options.audit(event);
  }

  // Whatever ids a runtime gives, nobody displaces another one's connection.
  #nameOf(session) {
    return `${session}\n${this.#principal?.key}`;
  }

  // A socket may be closed by its own request alone: whoever resumes the session settles a promise that this request waits for.
  #register(session) {
    const { sessions, behind } = this.#options;
    this.#session = session;
    if (behind.trusted) return;
    const displaced = new Promise((displace) => {
      sessions.set(this.#nameOf(session), { connection: this, displace });
    });
    displaced.then(() => this.#do((core, now) => core.note("displaced", now)));
  }
}
