// How the package asks its own verifiers: without what is made for those of users. Anybody may write another `authenticate` over
// one of ours, in a class of his own, in the prototype or on the object: then that is asked, as with any verifier.

import type { Credentials, Principal, VerifiedToken, Verifier, VerifierContext, VerifyOptions } from "./types.js";

/** What a verifier of the user's has given: nobody has looked at it yet. */
export class Unchecked {
  readonly result: unknown;

  constructor(result: unknown) {
    this.result = result;
  }
}

/** Who it is, in the one form of a principal, or nobody. */
export type Answer = Principal | Unchecked | null;

/** Where a call of the package's own says that it wants the verified token, too. No verifier of a user's sees it. */
export const KEEP: unique symbol = Symbol("keep");

/** Is handed a good token, the caller's own copy. */
export type Keep = (token: VerifiedToken) => void;

/** What a call of the package's own says besides the credentials. It is asked for when there is something to wait for. */
export interface Waiting extends Pick<VerifyOptions, "signal" | "waitUntil"> {
  readonly [KEEP]?: Keep | undefined;
}

/** How the verifiers of one class are asked. */
export interface Way {
  ask(verifier: Verifier, credentials: Credentials, context: VerifierContext): Answer | Promise<Answer>;
  /**
   * Asks by a request's Authorization field and its URL's query, for somebody who has these scopes. Nothing where they are not
   * for it: the request's credentials are to be read first, and asked about.
   */
  read?(
    verifier: Verifier,
    field: string,
    query: string,
    scopes: readonly string[],
    waiting: Waiting,
  ): Answer | undefined | Promise<Answer | undefined>;
}

const ways = new Map<unknown, Way>();

/** Says how verifiers are asked whose `authenticate` this is. */
export function setWay(authenticate: Verifier["authenticate"], way: Way): void {
  ways.set(authenticate, way);
}

/** The way to ask a verifier, if it is one of ours. */
export function wayOf(verifier: unknown): Way | undefined {
  return ways.get((verifier as Partial<Verifier> | null | undefined)?.authenticate);
}

/** Whether an answer is still to come. Whatever the page has made of `Promise`: no answer has a `then`. */
export function isPending<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as Partial<Promise<T>> | null | undefined)?.then === "function";
}

/** Asks a verifier, whoever wrote it. */
export function ask(verifier: Verifier, credentials: Credentials, context: VerifierContext): Answer | Promise<Answer> {
  const way = wayOf(verifier);
  return way === undefined
    ? unchecked(verifier.authenticate(credentials, context))
    : way.ask(verifier, credentials, context);
}

async function unchecked(result: unknown): Promise<Answer> {
  return new Unchecked(await result);
}
