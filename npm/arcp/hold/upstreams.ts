// The sockets of a hold to its upstream, each with a credential that is made when it is opened.

import { ArcgateError } from "../../errors.js";
import { Ending } from "../../platform/cancellation.js";
import type { HoldCore } from "../../wasm/gate.js";
import { logged } from "../../worker/audit.js";
import { NORMAL } from "../close-codes.js";
import type { Upstream } from "../gate/settings.js";
import { Answers, Line, type LineOwner } from "../gate/socket.js";
import type { Away, Dial, Shown } from "./actions.js";
import { type Asked, isRevoked } from "./standing.js";

/** Hands something to the core, and has done what it decides. */
type Tell = (step: (core: HoldCore, now: number) => void) => void;

type Received = (link: number, data: unknown) => void;

/** Sockets by the number that the core knows each by. */
export class Upstreams {
  #upstream: Upstream;
  #asked: Asked;
  #tell: Tell;
  #answers = new Answers();
  #links = new Map<number, { dialing: Ending; line: Line | undefined }>();

  constructor(upstream: Upstream, asked: Asked, tell: Tell) {
    this.#upstream = upstream;
    this.#asked = asked;
    this.#tell = tell;
  }

  /** Opens one; the core hears what came of it. */
  open(dial: Dial, received: Received): void {
    const dialing = new Ending();
    this.#links.set(dial.link, { dialing, line: undefined });
    void this.#dial(dial, dialing, received);
  }

  async #dial(dial: Dial, dialing: Ending, received: Received): Promise<void> {
    const { link, principal, credential } = dial;
    try {
      const { socket, auth } = await this.#upstream.open(principal, credential, dialing, false);
      const line = new Line(socket, this.#owner(link, received), this.#answers, () => dialing.come());
      try {
        await this.#check(dial);
      } catch (error) {
        line.close(NORMAL);
        throw error;
      }
      const own = this.#links.get(link);
      if (own === undefined || dialing.hasCome) return line.close(NORMAL);
      own.line = line;
      this.#tell((core, now) => core.handleDialled(link, auth.scheme, auth.token, now));
    } catch (error) {
      if (!this.#links.delete(link)) return;
      console.error(`arcgate: ${logged(error, credential)}`);
      const code = error instanceof ArcgateError ? String(error.code) : "ERR_INTERNAL";
      this.#tell((core, now) => core.handleDialFailed(link, code, now));
    }
  }

  // Nothing is shown in the name of who may be away before it was asked about: the gate, which asks otherwise, isn't there.
  async #check(shown: Shown): Promise<void> {
    if (!(await isRevoked(shown, this.#asked))) return;
    throw new ArcgateError("ERR_TOKEN_REVOKED", "the token was revoked", { details: { fault: "caller" } });
  }

  /** Asks about those who are away: a gate may have closed for who was revoked. What can't be told is asked again the next time. */
  askAbout(core: HoldCore): void {
    for (const { link, ...shown } of JSON.parse(core.awayText()) as Away[]) {
      isRevoked(shown, this.#asked).then(
        (is) => is && this.#links.has(link) && this.#tell((core, now) => core.handleRevoked(link, now)),
        (error) => console.error(`arcgate: ${logged(error, shown.credential)}`),
      );
    }
  }

  #owner(link: number, received: Received): LineOwner {
    return {
      received: (line, data) => {
        if (this.#links.get(link)?.line === line) received(link, data);
      },
      closed: (line) => {
        if (this.#links.get(link)?.line !== line) return;
        this.#links.delete(link);
        line.close(NORMAL);
        this.#tell((core, now) => core.handleUpstreamClosed(link, now));
      },
      gone: () => {},
    };
  }

  send(link: number, text: string): void {
    try {
      this.#links.get(link)?.line?.socket.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  /** Closes one, or gives up opening it. */
  close(link: number): void {
    const own = this.#links.get(link);
    this.#links.delete(link);
    if (own?.line) own.line.close(NORMAL);
    else own?.dialing.come();
  }

  /** Whether there is one, or will be. */
  get isAny(): boolean {
    return this.#links.size > 0;
  }

  closeAll(): void {
    for (const link of [...this.#links.keys()]) this.close(link);
  }
}
