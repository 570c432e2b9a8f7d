// Counts: what each kind of runner says at its end, and the summary of all.

import { basename } from "node:path";
import { ANEW } from "../setup/anew.mjs";

/** Sums "test result: ok. 5 passed; 0 failed" lines: cargo test, and wasm-bindgen's runner. */
export function cargoCounts(output) {
  return sum(output, /^test result: \w+\. (\d+) passed; (\d+) failed/gm);
}

/** Sums what node:test's spec reporter prints at its end. */
export function nodeCounts(output) {
  const last = (name) => Number(output.match(new RegExp(`^ℹ ${name} (\\d+)$`, "m"))?.[1] ?? 0);
  return { passed: last("pass"), failed: last("fail") + last("cancelled") };
}

/** Whether what failed is a file itself, beside its tests or before it had any: reporter.mjs says how it ended. */
export const endsAsFile = (output) => /^\S.* ended by (?:signal|exit code) \w+$/m.test(output);

/**
 * Whether wasm-bindgen's runner lost a browser or its driver before that had run a test: nothing failed until then, and of the module
 * that it was at nothing was heard.
 */
export function neverBegan(output) {
  const ends = [...output.matchAll(/^test result: (\w+)\..*$/gm)];
  const since = output.slice(ends.length ? ends.at(-1).index + ends.at(-1)[0].length : 0);
  const wasStarting =
    /^Running headless tests in |^Failed to start driver|driver failed to|failed to create a \w+ session/m;
  return (
    ends.every(([, how]) => how === "ok") &&
    wasStarting.test(since) &&
    !/^(Loading Wasm module|running \d+ tests?$|test )/m.test(since)
  );
}

/** How many programs a suite's tests had to start again; see startAnew. */
export function startedAnew(output) {
  return output.split("\n").filter((line) => line.includes(ANEW)).length;
}

/**
 * What cargo-mutants says at its end: "31 mutants tested in 9m: 2 missed, 27 caught, 2 unviable". Where it finds none it ends well, and
 * that is a failure: what it is to look at has been moved.
 */
export function mutantCounts(output) {
  const last = /mutants? tested.*$/m.exec(output)?.[0] ?? "";
  const number = (what) => Number(new RegExp(`(\\d+) ${what}`).exec(last)?.[1] ?? 0);
  return { passed: number("caught"), failed: number("missed") + number("timeouts?") + Number(!last) };
}

function sum(output, pattern) {
  const counts = { passed: 0, failed: 0 };
  for (const [, passed, failed] of output.matchAll(pattern)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
  }
  return counts;
}

/** How a suite ended, in a few words: what its line says. */
export function outcome({ passed, failed, failures, again = [], output, note }) {
  const stuck = failures.map(({ stuck }) => stuck).filter(Boolean);
  if (stuck.length) return `FAILED: ${stuck.join("; ")}`;
  if (failed) return `FAILED (${failed})`;
  const anew = startedAnew(output);
  const said = [
    passed ? `${passed} passed` : "ok",
    ...(anew ? [`${anew} times a program was started anew`] : []),
    ...(again.length ? [secondTry(again)] : []),
  ];
  return note ?? said.join(", ");
}

const secondTry = (again) =>
  `${again.length} ${again.length === 1 ? "file" : "files"} at the second try: ${again
    .map(({ file }) => basename(file))
    .join(", ")}`;

/** So many lines of a suite that failed stand before the summary: what is shown of a long run is its end. */
const LINES = 150;

/** What failed, as far as it says why: a test file's failing tests and how it ended, or the end of what a program said. */
export function whatFailed({ name, failures }) {
  return failures.map(({ file, output }) => {
    const from = file ? output.indexOf("\n✖ failing tests:") : -1;
    const lines = output
      .slice(from + 1)
      .trimEnd()
      .split("\n");
    const kept = lines.length > LINES ? [...lines.slice(0, LINES / 2), "…", ...lines.slice(-LINES / 2)] : lines;
    // Of a program that is no test file the end is what counts.
    return `${file ?? name} failed\n${(file ? kept : lines.slice(-LINES)).join("\n")}`;
  });
}

/** The summary, and before it what failed, and what did at the first try; its last line is "N passed, N failed". Gives the exit code. */
export function summarize(results, say = console.log) {
  for (const result of results) {
    for (const text of whatFailed({ failures: [], ...result })) say(`\n${text}`);
    for (const { file, output } of result.again ?? []) say(`\n${file} failed at the first try\n${output.trimEnd()}`);
  }
  say("\nSummary");
  const width = Math.max(...results.map(({ name }) => name.length));
  for (const { name, passed, failed, seconds, note, again = [] } of results) {
    const counts = note ?? (passed + failed === 0 ? "ok" : `${passed} passed, ${failed} failed`);
    const time = seconds === undefined ? "" : `${seconds.toFixed(1)} s`;
    const more = again.length ? `, ${secondTry(again)}` : "";
    say(`  ${name.padEnd(width)}  ${time.padStart(8)}  ${counts}${more}`);
  }
  const total = (what) => results.reduce((all, result) => all + (result[what] ?? 0), 0);
  say(`\n${total("passed")} passed, ${total("failed")} failed`);
  return total("failed") === 0 && total("passed") > 0 ? 0 : 1;
}
