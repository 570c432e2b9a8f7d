// `npm test`: set-up, build, and every suite but those that stand apart; `npm test -- host node` runs some of them.
// A suite that passes is one line; one that fails shows all that it said.

import { build } from "./build.mjs";
import { root } from "./setup/cache.mjs";
import { buildEnvironment } from "./setup/rust.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";
import { startedAnew, summarize } from "./test/report.mjs";
import { groups, suites } from "./test/suites.mjs";
import { runBegun } from "./test/watched.mjs";

async function runSuite(suite, env) {
  if (suite.absent) return { name: suite.name, note: suite.absent };
  const since = Date.now();
  const [program, ...args] = suite.command();
  let result;
  let counts;
  let note;
  await step(suite.name, [program, ...args].join(" ").replaceAll(`${root}/`, "").slice(0, 100), async (say) => {
    const own = suite.wasm ? { ...env, ...suite.env } : undefined;
    result = await runBegun(suite, program, args, {
      cwd: root,
      env: own,
      onLine: say,
      patience: suite.patience,
    });
    note = result.stuck ? undefined : suite.skipWhen?.(result.output);
    counts = note ? { passed: 0, failed: 0 } : suite.count(result.output);
    // Whatever it counted, an exit code says that something is wrong.
    if (!note && result.code !== 0 && counts.failed === 0) counts.failed = 1;
    if (result.stuck) return `FAILED: ${result.stuck}`;
    if (counts.failed) return `FAILED (${counts.failed})`;
    const again = startedAnew(result.output);
    const anew = again ? `, ${again} times a program was started anew` : "";
    return note ? `skipped: ${note}` : counts.passed ? `${counts.passed} passed${anew}` : "ok";
  });
  if (counts.failed) console.log(`\n${result.output}\n`);
  return { name: suite.name, ...counts, seconds: (Date.now() - since) / 1000, note: note && `skipped: ${note}` };
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
