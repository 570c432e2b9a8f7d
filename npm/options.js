// Strict options: what is not known is an error that names the nearest.

import { configError } from "./errors.js";

/** Refuses keys that are not among `known`. `path` is where the options stand, such as "limits"; empty for the outermost. */
export function checkKeys(options, known, path = "") {
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw configError(path || "options", "must be an object");
  }
  for (const key of Reflect.ownKeys(options).map(String)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const fix = near ? `did you mean \`${near}\`?` : `there are ${known.join(", ")}`;
    throw configError(path ? `${path}.${key}` : key, `is not an option; ${fix}`);
  }
}

/** A number option within bounds, or its default. */
export function numberOption(options, key, otherwise, least, most, path) {
  const value = options?.[key] ?? otherwise;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw configError(`${path}.${key}`, `must be a number from ${least} to ${most}`);
}

/** The known name that needs the fewest edits, if it is near enough to be meant. */
export function nearest(name, known) {
  const plain = (text) => text.toLowerCase().replace(/[_-]/g, "").slice(0, 64);
  const ranked = known
    .map((candidate) => ({ candidate, distance: edits(plain(name), plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= candidate.length / 3)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

// Levenshtein's distance.
function edits(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length];
}
