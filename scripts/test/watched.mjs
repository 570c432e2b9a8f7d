// A suite's program, ended when nothing is heard of it any more: a test that waits for ever would hold up all that come after it, until
// whoever runs them all gives up, and says of no test that it was the one.

import { startAnew } from "../setup/anew.mjs";
import { endGroup, startGroup } from "../setup/processes.mjs";

/** So long a program may say nothing: one that compiles quietly has its time, too. */
const PATIENCE = 10 * 60_000;

/** As `run`, within `longest` ms if that is given, and `stuck` says why it was ended, if it was. */
export async function runWatched(program, args, { cwd, env, onLine, patience = PATIENCE, longest } = {}) {
  let output = "";
  let stuck;
  let timer;
  let end;
  const child = startGroup(program, args, { cwd, env, onLine: (line) => line.trim() && onLine?.(line.trim()) });
  const closed = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
  const endAs = (word) => {
    stuck ??= `${word}: ${whatRuns(output)}`;
    endGroup(child);
  };
  const seconds = (ms) => `${Math.round(ms / 1000)} s`;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(endAs, patience, `nothing was heard for ${seconds(patience)}`);
  };
  if (longest) end = setTimeout(endAs, longest, `it was not over after ${seconds(longest)}`);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      heard();
    });
  }
  heard();
  await closed;
  clearTimeout(timer);
  clearTimeout(end);
  const { code, error } = await child.ended;
  await endGroup(child, 0);
  if (error) output += error.message;
  return { code: stuck ? 1 : (code ?? 1), output, stuck };
}

/** As `runWatched`; a suite whose browser was lost before it had run a test is run again: that is the machine's doing, and no test's. */
export async function runBegun({ name, neverBegan = () => false }, program, args, options) {
  let result;
  const begin = async () => {
    result = await runWatched(program, args, options);
    const isLost = result.code !== 0 && !result.stuck && neverBegan(result.output);
    if (isLost) throw new Error(result.output.trim().split("\n").at(-1));
  };
  // What it said the last time counts.
  await startAnew(`the browser of ${name}`, begin).catch(() => {});
  return result;
}

/** The tests that a program was at, as far as it says so: Rust names those that take more than a minute. */
export function whatRuns(output) {
  const since = output.slice(output.lastIndexOf("\ntest result:") + 1);
  const names = [...since.matchAll(/^[.iF]*test (\S+) has been running/gm)].map(([, name]) => name);
  const over = new Set([...since.matchAll(/^test (\S+) \.\.\. (?:ok|FAILED)/gm)].map(([, name]) => name));
  const running = names.filter((name) => !over.has(name));
  if (running.length) return `still running: ${running.join(", ")}`;
  return `the last that it said was "${output.trimEnd().split("\n").at(-1)}"`;
}
