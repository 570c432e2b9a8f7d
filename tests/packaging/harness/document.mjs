// The lines that docs/bundlers.md gives: consumers use these and no copy of them.

import { readFileSync } from "node:fs";

const text = readFileSync(new URL("../../../docs/bundlers.md", import.meta.url), "utf8");

/** The `nth` code block below the heading of this name. */
export function documented(heading, nth = 0) {
  const section = text.split(/^#+ /m).find((part) => part.split("\n", 1)[0] === heading);
  if (section === undefined) throw new Error(`docs/bundlers.md has no section "${heading}"`);
  const block = [...section.matchAll(/^```\w*\n([\s\S]*?)^```/gm)][nth];
  if (block === undefined) throw new Error(`docs/bundlers.md, "${heading}" has no code block ${nth}`);
  return block[1];
}

/** The rows of the table of set-ups: the consumer's name, and what it is tried with, as "vite 7.3.8". */
export function rows() {
  const [table] = text.split("\n\n").filter((part) => part.startsWith("| set-up |"));
  return table
    .trim()
    .split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, name, versions]) => ({ name, versions: versions.split(", ").filter(Boolean) }));
}

/** The set-ups of which the document says that their pages were looked at in Firefox. */
export function lookedAtInFirefox() {
  const [, names] = /^All pages .* in Firefox, too: (.*)\.$/m.exec(text);
  return names.split(", ").map((name) => name.replace(/ \(.*\)$/, ""));
}
