// The test files of a suite, each in a run of its own: what one says and how it ends is known apart from all the others, and one that
// failed can be tried once more.

import { fileURLToPath } from "node:url";
import { endsAsFile, nodeCounts } from "./report.mjs";
import { runWatched } from "./watched.mjs";

/** Of more files than this a suite doesn't try again: so many have a cause in common. */
export const AGAIN_AT_MOST = 3;

/** So long a file may take, however much is heard of it: a log that goes on tells nothing of a test that waits for ever. */
const LONGEST = 30 * 60_000;

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** How a test file is run by `node`: with what it says of its end when it fails. */
export const nodeCommand = (node, options, file) => [
  node,
  "--test",
  "--import",
  beside("unhandled.mjs"),
  `--test-reporter=${beside("reporter.mjs")}`,
  ...options,
  file,
];

/**
 * Runs the files, `atOnce` at a time, and then those that failed once more, one after the other, if `again` says that the suite does
 * so and none of them is in `once`: a name there is a file whose first failure counts. Gives the counts, in which a file's tests are
 * once, what was heard of the files that failed (`failures`), and of those that only failed the first time (`again`).
 */
export async function runFiles(
  { files, command, atOnce, patience, longest = LONGEST, again, once = {} },
  { cwd, onLine } = {},
) {
  const runFile = async (file) => {
    const [program, ...args] = command(file);
    const result = await runWatched(program, args, { cwd, onLine, patience, longest });
    const counts = nodeCounts(result.output);
    // Whatever it counted, an exit code says that something is wrong.
    if (result.code !== 0 && counts.failed === 0) counts.failed = 1;
    if (result.stuck) result.output += `\n${file} was ended: ${result.stuck}\n`;
    return { file, ...result, ...counts };
  };
  const results = await inTurn(files, atOnce, runFile);
  const failed = results.filter((result) => result.failed > 0);
  const isTriedAgain =
    again && failed.length <= AGAIN_AT_MOST && failed.every(({ file, stuck }) => !stuck && !(file in once));
  const second = isTriedAgain
    ? await inTurn(failed, 1, async (first) => asMuchAs(first, await runFile(first.file)))
    : [];
  const last = results.map((result) => second.find(({ file }) => file === result.file) ?? result);
  return {
    passed: sum(last, "passed"),
    failed: sum(last, "failed"),
    // Of a file that failed twice both are told.
    failures: [...failed, ...second].filter(({ file, failed }) => failed > 0 && isFailed(last, file)),
    again: failed.filter(({ file }) => !isFailed(last, file)),
    output: [...results, ...second].map(({ output }) => output).join(""),
  };
}

// A second try in which a test that failed isn't run, or another one that passed, has shown nothing.
function asMuchAs(first, second) {
  const wanted = first.passed + first.failed - (endsAsFile(first.output) ? 1 : 0);
  if (second.failed > 0 || second.passed >= wanted) return second;
  const word = `${second.file}: at the second try ${second.passed} tests passed, of ${wanted} that there were`;
  return { ...second, failed: first.failed, output: `${second.output}\n${word}\n` };
}

const isFailed = (results, file) => results.find((result) => result.file === file).failed > 0;

const sum = (results, what) => results.reduce((all, result) => all + result[what], 0);

// What `work` gives for each, some of them at a time, begun in their order.
async function inTurn(items, atOnce, work) {
  const results = [];
  const rest = items.entries();
  const one = async () => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return results;
}
