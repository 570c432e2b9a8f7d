// npm run conformance: the conformance runner of the package against this Worker and the SDKs' runtimes, and its reports.
//
//   npm run conformance                     all that are there, into docs/conformance/
//   npm run conformance -- arcgate python   some of them
//   npm run conformance -- arcgate --only 13,57   some rules, printed only

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { page, row } from "./conformance/page.mjs";
import { targets, tokens } from "./conformance/targets.mjs";
import { root } from "./setup/cache.mjs";
import { node22 } from "./setup/npm-packages.mjs";
import { run } from "./setup/processes.mjs";
import { main, Stop } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "docs/conformance");
const { version } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));

await main(async () => {
  const { values, positionals } = parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
  const unknown = positionals.filter((name) => !Object.hasOwn(targets, name));
  if (unknown.length)
    throw new Stop(`no such runtime: ${unknown.join(", ")}; there are ${Object.keys(targets).join(", ")}`);
  const wanted = Object.entries(targets).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  await setup(["npm", "wasm", ...wanted.flatMap(([, target]) => target.setup)]);
  await build();
  const [token, token2] = Object.keys(tokens);
  let failed = 0;
  for (const [name, target] of wanted) {
    const missing = target.missing?.();
    if (missing) {
      // Asked for by name it is an error; otherwise its last report stays.
      if (positionals.includes(name)) throw new Stop(missing);
      console.log(`${name}: left out: ${missing}`);
      continue;
    }
    const runtime = await target.start();
    try {
      const report = await reportOf(runtime.url, [...target.args, ...(values.only ? ["--only", values.only] : [])], {
        ARCP_TOKEN: token,
        ARCP_TOKEN2: token2,
      });
      const text = page(report, { ...target, version });
      if (values.only) console.log(text);
      else writeFileSync(join(folder, `${name}.md`), text);
      const broken = report.rules.filter(({ outcome, level }) => outcome === "fail" && level === "MUST").length;
      console.log(`${name}: ${report.rules.length} rules, ${broken} MUSTs fail`);
      if (name === "arcgate") failed = broken;
    } finally {
      await runtime.close();
    }
  }
  if (!values.only) publishCounts();
  // What others owe is told; what is owed here is an error.
  return failed ? 1 : 0;
});

/** The counts of all pages, into the page that explains them. */
function publishCounts() {
  const there = Object.keys(targets).filter((name) => existsSync(join(folder, `${name}.md`)));
  const rows = there.map((name) => row(name, readFileSync(join(folder, `${name}.md`), "utf8")));
  const file = join(folder, "README.md");
  const head = "| runtime | MUST: pass, fail, n/a | SHOULD | MAY | of |\n|---|---|---|---|---|\n";
  const marked = /(<!-- reports -->\n)[\s\S]*(<!-- \/reports -->)/;
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace(marked, (_all, begin, end) => `${begin}${head}${rows.join("\n")}\n${end}`),
  );
}

/** What the command says of a runtime, as JSON. */
async function reportOf(url, args, env) {
  const own = mkdtempSync(join(tmpdir(), "arcgate-conformance-"));
  const output = join(own, "report.json");
  try {
    const command = [join(root, "pkg/bin/conformance.js"), url, "--format", "json", "--output", output, ...args];
    const { code, output: said } = await run(node22, command, { env });
    if (code > 1) throw new Stop(`the runner could not try ${url}: ${said.trim().split("\n").at(-1)}`);
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
