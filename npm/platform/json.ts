// Options as JSON for the core, which says what is wrong with them. JSON drops some values without a word, or makes others of
// them: here they are marked instead, and the core names what is marked; src/config/mod.rs has the same mark.

import { ArcgateError, configError } from "../errors.js";
import { keysOf, membersOf } from "./options.js";

const HALF = /\p{Surrogate}/u;
const CUT = "has half of a character in it: a text that was cut inside of an emoji, say";
const MARK = "\u0000";
// Deeper than anything that is looked at.
const MOST_DEPTH = 200;
// Records in which a member that is undefined would be a requirement that is gone.
const requirements = ["requiredClaims", "scopes"];
// And options that would be.
const required = ["requiredClaims", "requiredScopes"];

type Path = readonly (string | number)[];

// Where a value stands, and what is done there with what is none in JSON.
interface Place {
  path: Path;
  /** What the whole is called. */
  name: string | undefined;
  /** The members that are options again; none where it is data. */
  nested: readonly string[] | undefined;
  /** The objects that it stands in. */
  above: readonly object[];
  odd(path: Path, what: string): string;
  isText?: boolean;
}

/**
 * Options as JSON. `nested` are the members that are options again ("jwksCache", "providers.*"): there an undefined member is
 * one whose name still has to be known. In a record it is dropped.
 */
export function optionsJson(options: unknown, nested: readonly string[] = [], name?: string): string {
  const odd = (_path: Path, what: string) => MARK + (what || "undefined");
  return JSON.stringify(copyOf(options, { path: [], name, nested, above: [], odd }));
}

/** The options without the functions that stay in JavaScript: the core learns that they are there. Refuses what is none. */
export function withoutFunctions(options: object, names: readonly string[], path = ""): Record<string, unknown> {
  const plain = membersOf(options, names);
  for (const name of names) {
    const member = (options as Record<string, unknown>)[name];
    if (member === undefined) continue;
    if (typeof member !== "function") throw configError(`${path}${name}`, "must be a function");
    plain[name] = true;
  }
  return plain;
}

/**
 * Data as JSON. What is no data is an error that names its place; `name` is what the whole is called. With `isText` half of a
 * character is none either.
 */
export function dataJson(value: unknown, name: string, { isText = false } = {}): string {
  const odd = (path: Path, what: string): never => {
    throw configError(pathOf({ name, path }), `is ${what || "undefined"}, which JSON can't hold`);
  };
  try {
    return JSON.stringify(copyOf(value, { path: [], name, nested: undefined, above: [], odd, isText }));
  } catch (cause) {
    if (cause instanceof ArcgateError) throw cause;
    throw configError(name, "can't be written as JSON");
  }
}

function copyOf(value: unknown, at: Place): unknown {
  switch (typeof value) {
    case "string":
      if (at.isText && HALF.test(value)) throw configError(pathOf(at), CUT);
      if (!at.nested || !value.startsWith(MARK)) return value;
      throw configError(pathOf(at), "begins with a character that no option begins with");
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : at.odd(at.path, "no finite number");
    case "object":
      return value === null ? null : copyOfObject(value, at);
    case "undefined":
      return at.odd(at.path, "");
    default:
      return at.odd(at.path, `a ${typeof value}`);
  }
}

function copyOfObject(value: object & { toJSON?: unknown }, at: Place): unknown {
  const { path, above } = at;
  if (above.includes(value)) throw configError(pathOf(at), "holds itself, which JSON can't");
  if (above.length > MOST_DEPTH) throw configError(pathOf(at), "is nested too deeply for JSON");
  const below = (key: string | number): Place => ({ ...at, path: [...path, key], above: [...above, value] });
  if (Array.isArray(value)) {
    return Array.from(value, (item, index) => (item === undefined ? null : copyOf(item, below(index))));
  }
  // A Date, a URL or another library's number says itself what it is as data.
  const saysItself = typeof value.toJSON === "function" && !(at.nested && Object.hasOwn(value, "toJSON"));
  if (saysItself) return copyOf((value as { toJSON(): unknown }).toJSON(), { ...at, above: [...above, value] });
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (kind !== "Object") {
    return at.odd(path, kind === "Promise" ? "a Promise (await it)" : `a ${kind}`);
  }
  const copy = {};
  // Of options and requirements what is inherited or hidden counts like the rest: it would be gone in silence.
  const countsAll = at.nested && (isNested(path, at.nested) || isRequirement(path));
  for (const key of countsAll ? keysOf(value) : Reflect.ownKeys(value)) {
    if (!countsAll && !Object.getOwnPropertyDescriptor(value, key)?.enumerable) continue;
    if (typeof key === "symbol") throw configError(pathOf(below(String(key))), "has a symbol as its name");
    if (at.isText && HALF.test(key)) throw configError(pathOf(at), `has a name that ${CUT}`);
    const member = memberOf((value as Record<string, unknown>)[key], key, below(key), at);
    // Not by assignment: "__proto__" is a name like any other here.
    if (member !== undefined) Object.defineProperty(copy, key, { value: member, enumerable: true });
  }
  return copy;
}

function memberOf(member: unknown, key: string, below: Place, { path, nested, odd }: Place): unknown {
  if (member !== undefined) return copyOf(member, below);
  if (!nested) return undefined;
  if (isNested(path, nested)) return required.includes(key) ? odd([...path, key], "undefined") : MARK;
  return isRequirement(path) ? odd([...path, key], "") : undefined;
}

function isRequirement(path: Path): boolean {
  return requirements.includes(String(path.at(-1)));
}

function isNested(path: Path, nested: readonly string[]): boolean {
  if (path.length === 0) return true;
  return nested.includes(path.join(".")) || (path.length === 2 && nested.includes(`${path[0]}.*`));
}

function pathOf({ name, path }: Pick<Place, "name" | "path">): string {
  const text = path.reduce<string>(
    (all, key) => (typeof key === "number" ? `${all}[${key}]` : `${all}.${key}`),
    name ?? "",
  );
  return (name === undefined ? text.slice(1) : text) || "options";
}
