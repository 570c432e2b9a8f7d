// `npm test`: set-up, build, and every suite but those that stand apart; `npm test -- host node` runs some of them.
// A suite that passes is one line; of one that fails all is shown that was said by what failed, and its end once more before the summary.

import { build } from "./build.mjs";
import { root } from "./setup/cache.mjs";
import { buildEnvironment } from "./setup/rust.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";
import { runFiles } from "./test/files.mjs";
import { once } from "./test/once.mjs";
import { outcome, summarize } from "./test/report.mjs";
import { groups, suites } from "./test/suites.mjs";
import { runBegun } from "./test/watched.mjs";

async function runSuite(suite, env) {
  if (suite.absent) return { name: suite.name, note: suite.absent };
  const since = Date.now();
  const said = suite.files
    ? `${suite.files.length} test files, ${suite.atOnce} at a time`
    : suite.command().join(" ").replaceAll(`${root}/`, "").slice(0, 100);
  let result;
  await step(suite.name, said, async (say) => {
    const options = { cwd: root, env: suite.wasm ? { ...env, ...suite.env } : suite.env, onLine: say };
    result = suite.files ? await runFiles({ ...suite, once }, options) : await runWhole(suite, options);
    return outcome(result);
  });
  for (const { output } of result.failures) console.log(`\n${output}\n`);
  return { name: suite.name, ...result, seconds: (Date.now() - since) / 1000 };
}

// A suite that is one program.
async function runWhole(suite, options) {
  const [program, ...args] = suite.command();
  const { code, output, stuck } = await runBegun(suite, program, args, { ...options, patience: suite.patience });
  const skipped = stuck ? undefined : suite.skipWhen?.(output);
  if (skipped) return { passed: 0, failed: 0, failures: [], output, note: `skipped: ${skipped}` };
  const counts = suite.count(output);
  // Whatever it counted, an exit code says that something is wrong.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { ...counts, failures: counts.failed ? [{ output, stuck }] : [], output };
}

await main(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !groups.includes(name));
  if (unknown.length) throw new Stop(`no such suite: ${unknown.join(", ")}; there are ${groups.join(", ")}`);
  const chosen = suites.filter(({ group, apart }) => (wanted.length === 0 ? !apart : wanted.includes(group)));
  const parts = new Set(chosen.filter(({ absent }) => !absent).flatMap((suite) => suite.setup));
  await setup([...parts]);
  if (chosen.some((suite) => suite.build && !suite.absent)) await build();
  const env = parts.has("wasm") || parts.has("deny") ? await buildEnvironment() : undefined;
  console.log("Test");
  const results = [];
  for (const suite of chosen) results.push(await runSuite(suite, env));
  return summarize(results);
});
