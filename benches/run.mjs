// npm run bench: what each part costs beside its peers, measured in one run, and put into the documents.
//
//   npm run bench              all parts
//   npm run bench -- gate      one of them
//   npm run bench -- --quick   fewer and shorter rounds; prints the tables only
//   npm run bench -- http --only bare,jose,arc      some of who is measured, likewise
//   npm run bench -- gate hub --only idle           sessions that do nothing: what they take, and what wakes them, likewise
//   npm run bench -- rust --only size               one of the tables, which goes to its place: rust has one for each
//   npm run bench -- http --profile arc:seen        where the time of one of them goes

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { root } from "../scripts/setup/cache.mjs";
import { main, Stop } from "../scripts/setup/steps.mjs";
import { setup } from "../scripts/setup.mjs";
import { summary } from "./summary.mjs";

// Each gives its tables as text, which have a place of their own in docs/BENCHMARKS.md; `setup` is what it needs, and
// `withoutPackage` are the tables for which the package need not be built.
const parts = {
  http: { setup: ["npm", "wasm"], load: () => import("./http/tables.mjs") },
  verify: { setup: ["npm", "wasm", "browsers"], load: () => import("./verify.mjs") },
  rust: { setup: ["npm", "wasm"], load: () => import("./rust.mjs"), withoutPackage: ["size"] },
  tokens: { setup: ["npm", "wasm", "browsers"], load: () => import("./managers.mjs") },
  gate: { setup: ["npm", "wasm", "python"], load: () => import("./gate.mjs") },
  hub: { setup: ["npm", "wasm", "python"], load: () => import("./hub/tables.mjs") },
  attackers: { setup: ["npm", "wasm"], load: () => import("./attackers.mjs") },
};

await main(async () => {
  const { values, positionals: wanted } = parseArgs({
    options: { quick: { type: "boolean", default: false }, only: { type: "string" }, profile: { type: "string" } },
    allowPositionals: true,
  });
  const isQuick = values.quick;
  const only = values.only?.split(",");
  const unknown = wanted.filter((word) => !Object.hasOwn(parts, word));
  if (unknown.length) throw new Stop(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  const chosen = Object.entries(parts).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  await setup([...new Set(chosen.flatMap(([, part]) => part.setup))]);
  const isBeside = ([, { withoutPackage = [] }]) => only?.every((table) => withoutPackage.includes(table));
  if (!chosen.every(isBeside)) await build();
  for (const [name, { load }] of chosen) {
    if (values.profile && name === "http") {
      const { profile } = await import("./http/profile.mjs");
      console.log(await profile(values.profile));
      continue;
    }
    const { tables } = await load();
    const before = loadavg()[0];
    const measured = await tables({ isQuick, only });
    const conditions = `Measured on ${cpus()[0].model}, ${cpus().length} cores${busy(before)}; ± is half the distance between the quartiles of ${measured.rounds} rounds.`;
    // A part whose tables are measured each by itself has a place for each, with what was so when it was made.
    for (const [place, tables] of Object.entries(measured.places ?? { "": measured.text })) {
      const text = `${tables}\n\n${conditions}`;
      console.log(`\n${text}`);
      if (!isQuick && (!only || measured.places)) publish(place ? `${name}-${place}` : name, text);
    }
  }
});

// Other work on the machine takes its caches and its clock's upper end, and shows in the noise.
function busy(load) {
  return load > cpus().length / 4 ? `, while other work ran on them (a load of ${load.toFixed(1)} before)` : "";
}

// The part's tables, and the README's short one, which is taken from all of them.
function publish(part, text) {
  replace("docs/BENCHMARKS.md", `bench-${part}`, text);
  replace("README.md", "bench", summary(readFileSync(join(root, "docs/BENCHMARKS.md"), "utf8")));
}

// Between its own two marks, and nowhere else.
function replace(name, mark, text) {
  const path = join(root, name);
  const page = readFileSync(path, "utf8");
  const [from, to] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  if (!page.includes(from) || !page.includes(to)) throw new Stop(`${name} has no place for the tables: ${from} ${to}`);
  writeFileSync(
    path,
    page.replace(new RegExp(`${from}[\\s\\S]*?${to}`), () => `${from}\n${text}\n${to}`),
  );
}
