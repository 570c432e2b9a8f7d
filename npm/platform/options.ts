// Strict options: what is not known is an error that names the nearest.

import { configError } from "../errors.js";

/**
 * Refuses keys that are not among `known`, inherited ones too. `path` is where the options stand, such as "limits"; empty for the
 * outermost.
 */
export function checkKeys(options: unknown, known: readonly string[], path = ""): asserts options is object {
  checkRecord(options, path || "options");
  for (const name of keysOf(options)) {
    const key = String(name);
    if (known.includes(key) || isMethod(options, name)) continue;
    const near = nearest(key, known);
    const fix = near ? `did you mean \`${near}\`?` : `there are ${known.join(", ")}`;
    throw configError(path ? `${path}.${key}` : key, `is not an option; ${fix}`);
  }
}

/** Refuses what has no members to read: no object, a list, a Map, a Promise. */
export function checkRecord(value: unknown, name: string, problem = "must be an object"): asserts value is object {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw configError(name, problem);
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (odd.includes(kind)) throw configError(name, `${problem}, and is a ${kind}`);
}

// What keeps its contents elsewhere than in its members.
const odd = [
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "Promise",
  "Headers",
  "URLSearchParams",
  "Date",
  "String",
  "Uint8Array",
];

/** The members of a record by names of the user's own. What is inherited or hidden would be left out in silence. */
export function entriesOf(record: unknown, name: string, problem?: string): [string, unknown][] {
  checkRecord(record, name, problem);
  const hidden = keysOf(record).find((key) => !Object.prototype.propertyIsEnumerable.call(record, key));
  if (hidden !== undefined)
    throw configError(`${name}.${String(hidden)}`, "is inherited or hidden: make it a plain member");
  return Object.entries(record);
}

/** All members as a plain object's own, without the methods of its class but those that are `meant`. */
export function membersOf(object: object, meant: readonly PropertyKey[] = []): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const key of keysOf(object)) {
    if (isMethod(object, key) && !meant.includes(key)) continue;
    // Not by assignment: "__proto__" is a name like any other here.
    Object.defineProperty(members, key, {
      value: memberAt(object, key),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return members;
}

/** Whether a member is a method of the object's class: a helper of whoever wrote that, and no option. */
export function isMethod(object: object, key: PropertyKey): boolean {
  return !Object.hasOwn(object, key) && typeof memberAt(object, key) === "function";
}

/** The names of all members: own ones, whether they are listed or not, and what is inherited, but from Object. */
export function keysOf(object: object): (string | symbol)[] {
  const keys = new Set<string | symbol>();
  for (let at: object | null = object; at !== null && !isRoot(at); at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      // What every class has. A symbol may be the platform's mark.
      const isOfClass = at !== object && (key === "constructor" || typeof key === "symbol");
      if (!isOfClass) keys.add(key);
    }
  }
  return [...keys];
}

function memberAt(object: object, key: PropertyKey): unknown {
  return (object as Record<PropertyKey, unknown>)[key];
}

// Object.prototype, of whatever realm.
function isRoot(object: object): boolean {
  return Object.getPrototypeOf(object) === null && Object.hasOwn(object, "hasOwnProperty");
}

/** What one call may take: each takes some of these. */
interface CallOptions {
  scopes?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/**
 * The options of one call, all of them optional: what is no object, or has a name that is unknown, would be left out in silence.
 * Gives them with the scopes that are asked for.
 */
export function callOptions(
  options: CallOptions | undefined,
  known: readonly string[],
): CallOptions & { scopes: string[] } {
  if (options === undefined) return { scopes: [] };
  checkKeys(options, known);
  const { signal, waitUntil } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== "function")
    throw configError("signal", "must be an AbortSignal");
  if (waitUntil !== undefined && typeof waitUntil !== "function") throw configError("waitUntil", "must be a function");
  return { signal, waitUntil, scopes: scopesOf(options) };
}

// A requirement that is there and says nothing is a mistake, and not "none".
function scopesOf(options: CallOptions): string[] {
  if (!("scopes" in options)) return [];
  const scopes = Array.isArray(options.scopes) ? Array.from<unknown>(options.scopes) : [undefined];
  if (scopes.every((scope) => typeof scope === "string" && scope !== "")) return scopes as string[];
  throw configError("scopes", "must be a list of strings that are not empty; leave it out where none is needed");
}

/** The scheme of credentials, in small letters. */
export function schemeOf(credentials: { scheme?: unknown } | null | undefined): string {
  const scheme = credentials?.scheme;
  if (typeof scheme === "string") return scheme.toLowerCase();
  throw configError("credentials", "must be { scheme, token }");
}

/** A number option within bounds, or its default. */
export function numberOption<Key extends string>(
  options: { readonly [key in Key]?: unknown } | undefined,
  key: Key,
  otherwise: number,
  least: number,
  most: number,
  path: string,
): number {
  const value = options?.[key] ?? otherwise;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw configError(`${path}.${key}`, `must be a number from ${least} to ${most}`);
}

/** The known name that needs the fewest edits, if it is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, "").slice(0, 64);
  const ranked = known
    .map((candidate) => ({ candidate, distance: edits(plain(name), plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= candidate.length / 3)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Levenshtein's distance. */
export function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const [above, left, across] = [row[j], next[j - 1], row[j - 1]] as [number, number, number];
      next.push(Math.min(above + 1, left + 1, across + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length] as number;
}
