// What a verification costs beside its peers, measured in one run, and what a page loads.

import { firstVerification } from "./first.mjs";
import { cpuMicros, median, processOf, spread } from "./measure.mjs";
import { pageSizes } from "./page-size.mjs";
import { startNode, startWorkerd } from "./runtimes.mjs";
import { tokensOf } from "./tokens.mjs";

const turns = 5;
const algorithms = ["RS256", "ES256", "EdDSA", "HS256"];

/** The tables: 9 rounds, or 3 of fewer tokens. */
export async function tables({ isQuick }) {
  const rounds = isQuick ? 3 : 9;
  const sets = [];
  for (const algorithm of algorithms) sets.push(await tokensOf(algorithm, isQuick ? 500 : 3000));
  const found = [];
  for (const [name, start, program] of [
    ["workerd", startWorkerd, "workerd"],
    ["Node 22", startNode, "node"],
  ]) {
    found.push(await speedTable(name, start, program, sets, rounds));
  }
  found.push(await firstVerification(rounds));
  found.push(pageSizes());
  return { text: found.join("\n\n"), rounds };
}

async function speedTable(name, start, program, sets, rounds) {
  const lines = [];
  for (const set of sets) {
    process.stderr.write(`${name}, ${set.algorithm} …\n`);
    const runtime = await start();
    try {
      lines.push(row(set.algorithm, await measure(runtime, processOf(program, runtime.mark), set, rounds)));
    } finally {
      await runtime.close();
    }
  }
  return [
    `**${name}**: CPU time a token, as overhead over a bare \`crypto.subtle.verify\` (µs)`,
    "",
    "| | bare verify | arcgate | jose | aws-jwt-verify | arcgate / jose | seen before: all of it | of bare |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

/**
 * Microseconds of CPU a token, for each contender a list of rounds. Within a round they take many short turns, so that what
 * the machine does beside hits all alike. The first round is dropped, and is a long one: it warms up, compilers included.
 */
export async function measure({ url }, pid, set, rounds) {
  const { names } = await post(url, "/begin", set);
  const times = Object.fromEntries(names.map((contender) => [contender, []]));
  const turn = set.tokens.length / turns;
  for (let round = 0; round <= rounds; round += 1) {
    const used = Object.fromEntries(names.map((contender) => [contender, 0]));
    for (let at = 0; at < turns * (round === 0 ? 4 : 1); at += 1) {
      for (const name of names) {
        const from = (at % turns) * turn;
        const before = cpuMicros(pid);
        await post(url, "/run", { name, from, to: from + turn });
        used[name] += cpuMicros(pid) - before;
      }
    }
    if (round > 0) for (const name of names) times[name].push(used[name] / set.tokens.length);
  }
  return times;
}

function row(algorithm, times) {
  const over = (name) => times[name]?.map((time, round) => time - times.bare[round]);
  const shown = (values) => (values ? `${median(values).toFixed(1)} ± ${spread(values).toFixed(1)}` : "—");
  const ratio = median(over("arcgate")) / median(over("jose"));
  const seen = times["arcgate, seen before"];
  const cells = [
    shown(times.bare),
    shown(over("arcgate")),
    shown(over("jose")),
    shown(over("aws-jwt-verify")),
    ratio.toFixed(2),
    shown(seen),
    (median(seen) / median(times.bare)).toFixed(3),
  ];
  return `| ${algorithm} | ${cells.join(" | ")} |`;
}

async function post(url, path, body) {
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
