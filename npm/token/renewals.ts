// The renewals of one source of tokens, of whichever clients it has: one at a time, and what is known of them. What to do about it is
// said by src/token/renewals.rs.

import { call } from "../platform/modules/client.js";

// So many servers are remembered; of more, those that refused last.
const MOST = 64;

// As src/js/token/attached.rs gives them.
const KNOWN = 1;
const FUTILE = 2;
const FOUND_FUTILE = 3;

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
    const decided = this.#decide(refused, where);
    if (decided === KNOWN) return this.#fresh?.token;
    if (decided === FOUND_FUTILE) this.tried(where, false);
    if (decided === FUTILE || decided === FOUND_FUTILE) return undefined;
    if (this.#underWay?.insteadOf !== refused) this.#start(refused, where, obtain);
    const fresh = await this.#wait(this.#underWay as UnderWay, signal);
    if (fresh !== refused) return fresh;
    this.tried(where, false);
    return undefined;
  }

  /** Whether the fresh token was any better there. */
  tried(where: string, hasHelped: boolean): void {
    const { times, passed } = this.#futileAt(where);
    const again = hasHelped ? 0 : call("futileRenewals", times, passed);
    if (again === times) return;
    // The one that was in vain last stands last.
    this.#futile.delete(where);
    if (again > 0) this.#futile.set(where, { times: again, since: Date.now() });
    if (this.#futile.size > MOST) this.#futile.delete(this.#futile.keys().next().value as string);
  }

  #decide(refused: string, where: string): number {
    const fresh = this.#fresh;
    const { times, passed } = this.#futileAt(where);
    const isForAnother = fresh?.token === refused && fresh.where !== where;
    return call("renewal", fresh?.insteadOf === refused, isForAnother, Date.now() - (fresh?.came ?? 0), times, passed);
  }

  #futileAt(where: string): { times: number; passed: number } {
    const { times, since } = this.#futile.get(where) ?? { times: 0, since: 0 };
    return { times, passed: Date.now() - since };
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
}
