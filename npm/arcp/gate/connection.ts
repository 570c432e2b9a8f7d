// One client's socket and the upstream's. The core decides; here is what it decides about: sockets, a timer, promises.

import { ArcgateError } from "../../errors.js";
import { Ending } from "../../platform/cancellation.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { gate, recoverFrom } from "../../platform/modules/gate.js";
import type { Principal } from "../../verify/types.js";
import type { ArcpGateCore } from "../../wasm/gate.js";
import { logged, reasonFor, type Told } from "../../worker/audit.js";
import { NORMAL, RESTART } from "../close-codes.js";
import { Credit, isGauged } from "../hub-protocol.js";
import { openFailure } from "../storage-failure.js";
import type { Authenticate, GateAction } from "./actions.js";
import type { Side } from "./endpoint.js";
import { Identity } from "./identity.js";
import { Remains } from "./remains.js";
import { nameOf } from "./sessions.js";
import type { ConnectionOptions, ServerSocket } from "./settings.js";
import { Answers, Line, type LineOwner, SILENT_ANSWER_MS } from "./socket.js";

/** Carries one connection until both sockets are closed. */
export class Connection implements LineOwner {
  #client: Line;
  #answers = new Answers();
  #upstream: Line | undefined;
  #dialing: Ending | undefined;
  #credit: Credit | undefined;
  #remains: Remains;
  #isSilent = true;
  #options: ConnectionOptions;
  #driver: MachineDriver<ArcpGateCore>;
  #principal: Principal | undefined;
  #token: string | undefined;
  #identity: Identity | undefined;
  #session: string | undefined;
  #detail: string | undefined;
  #overflow: Side | undefined;
  #over = false;

  /** `socket` is the server's end of the pair, not yet accepted. */
  constructor(request: Request, socket: ServerSocket, options: ConnectionOptions) {
    this.#options = options;
    this.#identity = new Identity(request, options);
    this.#remains = new Remains(options);
    const { endpoint, upstream, place } = options;
    this.#driver = new MachineDriver(gate, {
      make: () => endpoint.gate(place, upstream.isTrusted, isGauged(socket)),
      onTimeout: () => this.#do((core, now) => place.cutOff(core.handleTimeout(now))),
      isPatient: true,
    });
    // At once: it counts the time to the hello, and none is made in its place.
    void this.#driver.machine;
    this.#client = this.#line(socket);
  }

  /** Accepts the socket. */
  begin(): void {
    // A close that comes in is answered when the core has seen it.
    this.#client.socket.accept({ allowHalfOpen: true });
    this.#do(() => {});
  }

  /** It had said nothing, and its place was another's. Since then it may have spoken, and the core has seen to that. */
  crowdedOut(): void {
    this.#do((core, now) => core.handleCrowdedOut(now));
    if (this.#isSilent) this.#client.cut();
  }

  // What cuts it off stays with it, and would keep all that is there while an upstream is opened.
  #line(socket: ServerSocket, dialing?: Ending): Line {
    this.#remains.opened();
    const cut = () => (dialing ? this.#remains.cutUpstream(dialing) : this.#remains.cutClient());
    return new Line(socket, this, this.#answers, cut);
  }

  gone(): void {
    this.#remains.gone();
  }

  received(line: Line, data: string): void {
    const isClient = line === this.#client;
    if (!isClient && line !== this.#upstream) return;
    if (isClient) this.#isSilent = false;
    this.#frame(isClient ? "client" : "upstream", data);
    if (!isClient) this.#credit?.passed(data);
  }

  closed(line: Line, code: number): void {
    const isClient = line === this.#client;
    if (!isClient && line !== this.#upstream) return;
    if (!isClient) this.#credit?.stop();
    this.#do((core, now) => (isClient ? core.handleClientClosed(now) : core.handleUpstreamClosed(code, now)));
  }

  // A frame that was sent on needs nothing else: there are no actions, and deadlines only moved away.
  #frame(side: Side, data: string): void {
    if (this.#over) return;
    try {
      const core = this.#driver.survivor();
      const now = Date.now();
      if (this.#options.endpoint.handle(core, side, data, now)) {
        this.#send(side === "client" ? "upstream" : "client", data);
        if (this.#overflow === undefined) return;
      }
      this.#settle(core, now);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  // Hands something to the core, and performs what it decides.
  #do(step: (core: ArcpGateCore, now: number) => unknown): void {
    if (this.#over) return;
    try {
      const core = this.#driver.survivor();
      const now = Date.now();
      step(core, now);
      this.#settle(core, now);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #settle(core: ArcpGateCore, now: number): void {
    this.#perform(core, now);
    if (this.#overflow === undefined || this.#over) return;
    if (this.#overflow === "client") core.handleClientOverflow(now);
    else core.handleUpstreamOverflow(now);
    this.#perform(core, now);
  }

  #failed(thrown: unknown): void {
    recoverFrom(thrown);
    console.error(`arcgate: ${logged(thrown, this.#token)}`);
    this.#options.audit({ type: "arcp.session", outcome: "cut", reason: "internal", session: this.#session });
    this.#client.close(RESTART);
    this.#end();
  }

  #perform(core: ArcpGateCore, now: number) {
    const actions = core.drainActions();
    if (actions !== undefined) {
      let isClosed = false;
      for (const action of JSON.parse(actions) as GateAction[]) {
        this.#act(action);
        isClosed ||= action.do === "close";
      }
      if (isClosed) return this.#end();
    }
    this.#driver.arm(core, now);
  }

  #act(action: GateAction) {
    switch (action.do) {
      case "send":
        return this.#send("client", action.text);
      case "sendUpstream":
        return this.#send("upstream", action.text);
      case "close":
        return this.#client.close(action, this.#isSilent ? SILENT_ANSWER_MS : undefined);
      case "closeUpstream":
        return this.#closeUpstream();
      case "authenticate":
        return void this.#authenticate(action);
      case "open":
        return void this.#open(action.resumes);
      case "mac":
        return void this.#mac(action.input);
      case "checkRevocation":
        return void this.#checkRevocation();
      case "audit":
        return this.#tell(action.event);
    }
  }

  // What waits is counted without the frame itself: one that is larger than all that may wait would never arrive, however often
  // it is tried.
  #send(side: Side, text: string): void {
    const socket = (side === "client" ? this.#client : this.#upstream)?.socket;
    if (socket === undefined) return;
    if (socket.bufferedAmount > this.#options.maxBuffered) this.#overflow ??= side;
    try {
      socket.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  // Another one may be opened after it. What was opened is closed, and not aborted: or its last frames would not arrive.
  #closeUpstream(): void {
    if (this.#upstream) this.#upstream.close(NORMAL);
    else this.#dialing?.come();
    this.#credit?.stop();
    this.#credit = undefined;
    this.#upstream = undefined;
  }

  // Nothing is handed in any more.
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#closeUpstream();
    this.#identity?.end();
    this.#options.sessions.forget(this, nameOf(this.#session, this.#principal?.key));
    this.#principal = undefined;
    this.#token = undefined;
    this.#identity = undefined;
    this.#driver.end();
    this.gone();
  }

  async #authenticate({ scheme, token }: Authenticate): Promise<void> {
    const { place } = this.#options;
    try {
      const found = await this.#identity?.find({ scheme, token });
      if (this.#over || found === undefined) return;
      const { principal, toleranceMs, asks } = found;
      this.#principal = principal;
      this.#token = token;
      const refusal = place.refusal(principal.key);
      if (refusal !== undefined) {
        const json = JSON.stringify(principal);
        return this.#do((core, now) =>
          refusal === "too_many_requests"
            ? core.handleTooManyRequests(json, now)
            : core.handleTooManyConnections(json, place.maxPerPrincipal, now),
        );
      }
      this.#do((core, now) => core.handlePrincipal(JSON.stringify(principal), toleranceMs, asks, now));
    } catch (error) {
      const isOurs = error instanceof ArcgateError;
      // What this deployment got wrong is an error in its log, besides the refusal in its audit.
      if (!isOurs || ["ERR_CONFIG", "ERR_INTERNAL"].includes(error.code)) {
        console.error(`arcgate: ${logged(error, token)}`);
      }
      this.#detail = reasonFor(error, token);
      const code = isOurs ? String(error.code) : "ERR_INTERNAL";
      this.#do((core, now) => core.handleRefused(code, !isOurs || error.retryable === true, now));
    }
  }

  async #open(resumes: string | undefined): Promise<void> {
    const { upstream, sessions } = this.#options;
    try {
      const principal = this.#principal as Principal;
      if (resumes !== undefined && !upstream.isTrusted) sessions.displace(nameOf(resumes, principal.key));
      const dialing = new Ending();
      this.#dialing = dialing;
      const { socket, auth } = await upstream.open(principal, this.#token, dialing, isGauged(this.#client.socket));
      const line = this.#line(socket, dialing);
      if (this.#over || dialing.hasCome) return line.close(NORMAL);
      this.#dialing = undefined;
      this.#upstream = line;
      if (upstream.isTrusted) this.#credit = new Credit(socket, this.#client.socket);
      this.#do((core, now) => core.handleOpened(auth.scheme, auth.token, now));
    } catch (error) {
      if (this.#over) return;
      console.error(`arcgate: ${logged(error, this.#token)}`);
      this.#detail = reasonFor(error, this.#token);
      this.#do((core, now) => core.handleOpenFailed(openFailure(error), now));
    }
  }

  async #mac(input: string): Promise<void> {
    let code: string | undefined;
    try {
      code = await this.#options.seal(input);
    } catch (error) {
      console.error(`arcgate: sealing failed: ${Object(error).name}`);
    }
    this.#do((core, now) => core.handleMac(code, now));
  }

  async #checkRevocation(): Promise<void> {
    let answer: boolean | undefined;
    try {
      answer = await this.#identity?.isRevoked();
    } catch (error) {
      console.error(`arcgate: revocation can't be asked about: ${reasonFor(error, this.#token)}`);
    }
    this.#do((core, now) => core.handleRevocation(answer, now));
  }

  #tell(event: Told): void {
    if (event.type === "arcp.hello" && event.outcome === "allowed") this.#register(event.session ?? undefined);
    else if (event.type === "arcp.hello" && this.#detail !== undefined) event.detail = this.#detail;
    this.#options.audit(event);
  }

  #register(session: string | undefined): void {
    this.#session = session;
    // What is thrown may have it in it only where somebody is shown it again.
    if (!this.#identity?.asks) this.#token = undefined;
    const { sessions, upstream } = this.#options;
    if (upstream.isTrusted) return;
    const name = nameOf(session, this.#principal?.key);
    sessions.register(this, name, () => this.#do((core, now) => core.handleDisplaced(now)));
  }
}
