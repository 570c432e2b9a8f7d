// What tokens say that were seen before: read out of the core once, and handed out again for as long as the core says that the token
// is good. The core alone knows that; here is nothing but what it has said.

import type { Principal } from "./types.js";

/** Of what is longer, in bytes, nothing is kept: this bounds each entry. */
const LONGEST = 2048;
/** An entry takes so much memory at most, about. */
const ENTRY_BYTES = 2 * LONGEST;

/** What a good token says of its principal. */
export interface Said {
  /** Which token it is; no other token of the same core ever has that number. */
  readonly serial: number;
  readonly provider: string;
  readonly key: string;
  readonly issuer: string;
  readonly id: string;
  readonly labels: Record<string, string>;
  readonly scopes: string[];
  readonly expiresAt: number;
}

/** The labels of whoever has none. */
export const noLabels: Record<string, string> = Object.freeze({});

/** Labels and scopes as all may have them: frozen. */
export type Lists = Pick<Said, "labels" | "scopes">;

/** The same, kept. Claims and header are there once somebody has asked for them. */
interface Entry extends Said {
  /** For principals in their one form. Its own lists are copied from: of frozen ones that takes many times as long. */
  readonly lists: Lists;
  readonly claims: Copies | undefined;
  readonly header: Copies | undefined;
}

/** JSON of which everybody gets a copy of his own. */
export class Copies {
  #text: string;
  #flat: Record<string, unknown> | undefined;

  constructor(text: string) {
    this.#text = text;
    const value: Record<string, unknown> = JSON.parse(text);
    // Of what holds no objects a copy of its members is enough.
    if (Object.values(value).every((member) => typeof member !== "object" || member === null)) this.#flat = value;
  }

  copy(): Record<string, unknown> {
    return this.#flat === undefined ? JSON.parse(this.#text) : { ...this.#flat };
  }
}

/** The entries, each at the one place that its number has: what comes later takes the place of what was there. */
export class Known {
  #places: (Entry | undefined)[] = [];
  #size: number;

  /** So many tokens at most, and so many bytes: those that the core remembers. */
  constructor({ maxEntries = 1000, maxBytes = 4 << 20 }: { maxEntries?: number; maxBytes?: number } = {}) {
    this.#size = Math.floor(Math.min(maxEntries, 1000, maxBytes / ENTRY_BYTES));
  }

  get(serial: number): Entry | undefined {
    const entry = this.#places[serial % this.#size];
    return entry !== undefined && entry.serial === serial ? entry : undefined;
  }

  /** Keeps what a token says, in so many bytes, if it is one of those that the core remembers. Its lists stay as they are. */
  put(said: Said, bytes: number, claims?: Copies, header?: Copies): void {
    if (said.serial === 0 || bytes > LONGEST || !(this.#size > 0)) return;
    this.#places[said.serial % this.#size] = { ...said, lists: frozenLists(said), claims, header };
  }
}

/** What is said of labels and scopes, for many. */
export function frozenLists({ labels, scopes }: Said): Lists {
  const kept = labels === noLabels ? noLabels : Object.freeze({ ...labels });
  return { labels: kept, scopes: Object.freeze(scopes.slice()) as string[] };
}

/** A principal of the caller's own. */
export function ownPrincipal(said: Said): Principal {
  const { key, issuer, id, labels, scopes, expiresAt } = said;
  return { key, kind: "jwt", issuer, id, labels: ownLabels(labels), scopes: scopes.slice(), expiresAt };
}

// A copy of nothing takes longer than nothing.
function ownLabels(labels: Record<string, string>): Record<string, string> {
  return labels === noLabels ? {} : { ...labels };
}

/** The same, of what nobody else is going to be told: with its lists as they are. */
export function onlyPrincipal(said: Said): Principal {
  const { key, issuer, id, labels, scopes, expiresAt } = said;
  return { key, kind: "jwt", issuer, id, labels: labels === noLabels ? {} : labels, scopes, expiresAt };
}

/** The principal in its one form, frozen: with lists that are frozen already. */
export function frozenPrincipal({ key, issuer, id, expiresAt }: Said, { labels, scopes }: Lists): Principal {
  return Object.freeze({ key, kind: "jwt", issuer, id, labels, scopes, expiresAt });
}

/** The one form of a principal of ours: another object, with lists of its own. */
export function formOf({ key, issuer, id, labels, scopes = [], expiresAt }: Principal): Principal {
  const lists = { labels: Object.freeze({ ...labels }), scopes: Object.freeze(scopes.slice()) };
  return Object.freeze({ key, kind: "jwt", issuer, id, ...lists, expiresAt }) as Principal;
}

/** Whether a principal that was in the hands of the user's says what it said before. */
export function saysTheSame(principal: unknown, form: Principal): boolean {
  return isSame(principal, form, (value, own) => value === own || isSame(value, own, Object.is));
}

// Whether two objects have the same members, and no others that can be listed.
function isSame(value: unknown, own: unknown, isSameMember: (value: unknown, own: unknown) => boolean): boolean {
  if (typeof value !== "object" || value === null || typeof own !== "object" || own === null) return false;
  if (Array.isArray(value) !== Array.isArray(own)) return false;
  const names = Object.keys(own);
  return (
    Object.keys(value).length === names.length &&
    names.every((name) => Object.hasOwn(value, name) && isSameMember(Reflect.get(value, name), Reflect.get(own, name)))
  );
}
