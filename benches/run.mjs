// npm run bench: what each part costs beside its peers, measured in one run, and put into the documents.
//
//   npm run bench              all parts
//   npm run bench -- gate      one of them
//   npm run bench -- --quick   fewer and shorter rounds; prints the tables only

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { root } from "../scripts/setup/cache.mjs";
import { main, Stop } from "../scripts/setup/steps.mjs";
import { setup } from "../scripts/setup.mjs";

// Each gives its tables as text. `mark` is what its place in `page` is called, `setup` what it needs.
const parts = {
  http: {
    mark: "bench-http",
    page: "docs/BENCHMARKS.md",
    setup: ["npm", "wasm"],
    load: () => import("./http/tables.mjs"),
  },
  verify: { mark: "bench", setup: ["npm", "wasm", "browsers"], load: () => import("./verify.mjs") },
  tokens: { mark: "bench-tokens", setup: ["npm", "wasm", "browsers"], load: () => import("./managers.mjs") },
  gate: { mark: "bench-gate", setup: ["npm", "wasm", "python"], load: () => import("./gate.mjs") },
  attackers: {
    mark: "bench-attackers",
    page: "docs/BENCHMARKS.md",
    setup: ["npm", "wasm"],
    load: () => import("./attackers.mjs"),
  },
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
  await build();
  for (const [name, { mark, page, load }] of chosen) {
    if (values.profile && name === "http") {
      const { profile } = await import("./http/profile.mjs");
      console.log(await profile(values.profile));
      continue;
    }
    const { tables } = await load();
    const measured = await tables({ isQuick, only });
    const text = `${measured.text}\n\nMeasured on ${cpus()[0].model}, ${cpus().length} cores; ± is half the distance between the quartiles of ${measured.rounds} rounds.`;
    console.log(`\n${text}`);
    if (!isQuick && !only) publish(mark, text, page);
  }
});

// Between its own two marks, and nowhere else.
function publish(mark, text, name = "README.md") {
  const path = join(root, name);
  const page = readFileSync(path, "utf8");
  const [from, to] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  if (!page.includes(from) || !page.includes(to)) throw new Stop(`${name} has no place for the tables: ${from} ${to}`);
  writeFileSync(
    path,
    page.replace(new RegExp(`${from}[\\s\\S]*?${to}`), () => `${from}\n${text}\n${to}`),
  );
}
