// The renewals of one source of tokens, of whichever clients it has: one at a time, and none on account of a server that refuses the
// fresh ones, too. That one has a reason of its own, and the others get along with the token.

import { call } from "../platform/modules/client.js";

// A token that another server has refused at first sight is not renewed again on its account, for this long.
const YOUNG = 30_000;

// By the manager or the function that gives the tokens: many clients may share it.
const known = new WeakMap<object, Renewals>();

/** What came in the place of a token that was refused. */
interface Fresh {
  token: string;
  insteadOf: string;
  /** The server that the first one was refused by. */
  where: string;
  came: number;
}

interface UnderWay {
  insteadOf: string;
  token: Promise<string>;
  abort: AbortController;
  waiting: number;
}

/** Who asks, and for which server. */
interface Wanted {
  refused: string;
  where: string;
  signal: AbortSignal | undefined;
  obtain(signal: AbortSignal): Promise<string>;
}

export class Renewals {
  #underWay: UnderWay | undefined;
  #fresh: Fresh | undefined;
  // Servers that have refused fresh tokens: how many in a row, and when the last one.
  #futile = new Map<string, { times: number; since: number }>();

  static of(source: object): Renewals {
    const renewals = known.get(source) ?? new Renewals();
    known.set(source, renewals);
    return renewals;
  }

  /** Another token instead of the one that is refused; `undefined` where none is to be asked for, or the same one came. */
  async begin({ refused, where, signal, obtain }: Wanted): Promise<string | undefined> {
    const { token, insteadOf } = this.#youngest() ?? {};
    if (insteadOf === refused) return token;
    if (this.#isPaused(where)) return undefined;
    if (token === refused && this.#fresh?.where !== where) {
      this.tried(where, false);
      return undefined;
    }
    if (this.#underWay?.insteadOf !== refused) this.#start(refused, where, obtain);
    const fresh = await this.#wait(this.#underWay as UnderWay, signal);
    if (fresh !== refused) return fresh;
    this.tried(where, false);
    return undefined;
  }

  /** Whether the fresh token was any better there. */
  tried(where: string, hasHelped: boolean): void {
    if (hasHelped) this.#futile.delete(where);
    // Calls at the same time have tried the same.
    else if (!this.#isPaused(where)) {
      this.#futile.set(where, { times: (this.#futile.get(where)?.times ?? 0) + 1, since: Date.now() });
    }
  }

  #start(insteadOf: string, where: string, obtain: Wanted["obtain"]): void {
    const abort = new AbortController();
    const token = obtain(abort.signal);
    const underWay = { insteadOf, token, abort, waiting: 0 };
    this.#underWay = underWay;
    const ended = () => {
      if (this.#underWay === underWay) this.#underWay = undefined;
    };
    token.then((fresh) => {
      if (fresh !== insteadOf) this.#fresh = { token: fresh, insteadOf, where, came: Date.now() };
      ended();
    }, ended);
  }

  // Whoever obtains the token hears it when nobody waits any more.
  async #wait(underWay: UnderWay, signal: AbortSignal | undefined): Promise<string> {
    const left = () => {
      underWay.waiting -= 1;
      if (underWay.waiting > 0) return;
      if (this.#underWay === underWay) this.#underWay = undefined;
      underWay.abort.abort(signal?.reason);
    };
    underWay.waiting += 1;
    if (signal?.aborted) left();
    else signal?.addEventListener("abort", left, { once: true });
    try {
      return await underWay.token;
    } finally {
      signal?.removeEventListener("abort", left);
    }
  }

  #youngest(): Fresh | undefined {
    return this.#fresh && isWithin(YOUNG, this.#fresh.came) ? this.#fresh : undefined;
  }

  #isPaused(where: string): boolean {
    const futile = this.#futile.get(where);
    return futile !== undefined && isWithin(call("renewalPause", futile.times), futile.since);
  }
}

// A clock that was set back makes nobody wait longer.
function isWithin(millis: number, since: number): boolean {
  const passed = Date.now() - since;
  return passed >= 0 && passed < millis;
}
