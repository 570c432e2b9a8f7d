// What stands in the documents of a language. A block of Rust begins with ```rust; a word after it says for whom (tests/node/rust-snippets.test.mjs).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/setup/cache.mjs";

const markdown = (folder, recursive = false) =>
  readdirSync(join(root, folder), { recursive })
    .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
    .map((name) => join(folder, name));

/** All documents that may have some. */
export const documents = () => [...markdown("."), ...markdown("docs", true), ...markdown("examples", true)];

/** The blocks of one language in a document: where each stands, what else its first line says, and its text. */
export function blocks(document, language) {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\b *(.*)\n([\\s\\S]*?)^\`\`\``, "gm"))].map((found) => ({
    line: text.slice(0, found.index).split("\n").length,
    says: found[1].trim(),
    code: found[2],
  }));
}

/** What the part of a document under a heading consists of, up to the next heading of the same kind. */
export function section(document, heading) {
  const text = readFileSync(join(root, document), "utf8");
  const from = text.indexOf(`\n## ${heading}\n`);
  if (from < 0) throw new Error(`${document} has no "${heading}"`);
  const to = text.indexOf("\n## ", from + 1);
  const part = text.slice(from, to < 0 ? undefined : to);
  return (language) => part.match(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m"))?.[1];
}
