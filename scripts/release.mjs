// Whether a release may be made: one version everywhere, and a changelog that tells of it.
//
//   node scripts/release.mjs               the versions agree, the changelog is in its form
//   node scripts/release.mjs --tag v1.2.3  and the tag is that version, with a dated section and nothing left unreleased
//   node scripts/release.mjs --try         beside either: what is built is whole, and npm and cargo would take it

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rehearse } from "./release/rehearsal.mjs";
import { root } from "./setup/cache.mjs";
import { main, Stop } from "./setup/steps.mjs";

const read = (file) => readFileSync(join(root, file), "utf8");

/** What is wrong with a release of what these files say; `tag` is the one that asks for it. */
export function problems({ cargo, lock, manifest, changelog, tag }) {
  const found = [];
  const version = /^version = "([^"]+)"$/m.exec(cargo)?.[1];
  if (!version) return ["Cargo.toml names no version"];
  const others = {
    "Cargo.lock": /name = "arcgate"\nversion = "([^"]+)"/.exec(lock)?.[1],
    "pkg.json": JSON.parse(manifest).version,
  };
  for (const [file, other] of Object.entries(others))
    if (other !== version) found.push(`${file} says ${other}, Cargo.toml ${version}`);
  const sections = [...changelog.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  const form = /^(Unreleased|\d+\.\d+\.\d+(-[\w.]+)? - \d{4}-\d{2}-\d{2})$/;
  for (const title of sections.filter((each) => !form.test(each)))
    found.push(`CHANGELOG.md: "## ${title}" is neither "Unreleased" nor "1.2.3 - 2026-01-31"`);
  if (tag === undefined) return found;
  if (tag !== `v${version}`) found.push(`the tag is ${tag}, the version ${version}`);
  if (sections[0] === "Unreleased") found.push("CHANGELOG.md still has something unreleased");
  if (!sections.some((title) => title.startsWith(`${version} - `)))
    found.push(`CHANGELOG.md has no section for ${version}`);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { tag, isTrial } = readArguments(process.argv.slice(2));
    const files = { cargo: "Cargo.toml", lock: "Cargo.lock", manifest: "pkg.json", changelog: "CHANGELOG.md" };
    const texts = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, read(file)]));
    const found = problems({ ...texts, tag });
    if (found.length) throw new Stop(`no release:\n  ${found.join("\n  ")}`);
    console.log("the versions agree, and the changelog tells of them");
    if (isTrial) await rehearse();
  });
}

function readArguments(given) {
  try {
    const { values } = parseArgs({ args: given, options: { tag: { type: "string" }, try: { type: "boolean" } } });
    return { tag: values.tag, isTrial: values.try === true };
  } catch (error) {
    throw new Stop(`usage: node scripts/release.mjs [--tag v1.2.3] [--try] (${error.message})`);
  }
}
