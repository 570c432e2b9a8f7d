// What a request costs: the CPU time of the server's process, seen from outside.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/setup/cache.mjs";
import { median, spread } from "../measure.mjs";
import { algorithms, arms, requestsOf } from "./arms.mjs";
import { startInNode, startInWorkerd, startUpstream } from "./servers.mjs";
import { kinds, measure } from "./turns.mjs";

const full = { generations: 3, rounds: 20, warmUp: 600, aTurn: 200 };
const quick = { ...full, generations: 1, rounds: 12 };

const inNode = ["bare", "verify", "jose", "authenticate"];

/** The tables: three processes an arm with 20 rounds each, or one with 12. `only` names some of the arms. */
export async function tables({ isQuick = false, only = Object.keys(arms), plan = isQuick ? quick : full }) {
  const wanted = Object.keys(arms).filter((name) => only.includes(name));
  const { requests, setup } = await requestsOf(plan.warmUp + plan.rounds * plan.aTurn);
  const upstream = await startUpstream();
  try {
    const work = { ...plan, requests, setup, upstream: upstream.url };
    const found = {
      workerd: await measure("workerd", wanted, startInWorkerd, work),
      "Node 22": await measure(
        "Node 22",
        wanted.filter((name) => inNode.includes(name)),
        startInNode,
        work,
      ),
    };
    const parts = Object.entries(found).flatMap(([where, times]) => [
      costs(where, times),
      ratios(where, times, plan.rounds),
    ]);
    return { text: [...parts, peers()].join("\n\n"), rounds: plan.generations * plan.rounds };
  } finally {
    await upstream.close();
  }
}

const shown = (values, digits) => `${median(values).toFixed(digits)} ± ${spread(values).toFixed(digits)}`;

function costs(where, found) {
  return [
    `**A request in ${where}**: CPU time of the server (µs)`,
    "",
    `| | ${kinds.join(" | ")} |`,
    "|---|---|---|---|---|",
    ...Object.entries(found).map(
      ([name, times]) => `| ${arms[name].label} | ${kinds.map((kind) => shown(times[kind], 0)).join(" | ")} |`,
    ),
  ].join("\n");
}

// What one adds to another, as a share of what jose adds; of an upstream's, the whole.
const shares = [
  {
    label: "`authenticateRequest`, new: added to a bare verification",
    top: ["authenticate", "verify"],
    under: ["jose", "verify"],
    age: "new",
    goal: 0.8,
    // In Node a verification is done by another thread, and what handing it over costs depends on what the first one does beside.
    where: "workerd",
  },
  {
    label: "`authenticateRequest`, new: added to a bare server",
    top: ["authenticate", "bare"],
    under: ["jose", "bare"],
    age: "new",
  },
  {
    label: "`authenticateRequest`, seen: added to a bare server",
    top: ["authenticate", "bare"],
    under: ["jose", "bare"],
    age: "seen",
    goal: 0.15,
  },
  {
    label: "`POST /arc`, `echo`, new: added to a bare Worker that reads and logs the same",
    top: ["arc", "logging"],
    under: ["jose", "bare"],
    age: "new",
    goal: 1.2,
  },
  {
    label: "`POST /arc`, `echo`, seen: likewise",
    top: ["arc", "logging"],
    under: ["jose", "bare"],
    age: "seen",
    goal: 0.5,
  },
  {
    label: "`POST /arc`, upstream, new: all of it, of the forwarder’s",
    top: ["upstream"],
    under: ["forwarder"],
    age: "new",
    goal: 1.3,
  },
  {
    label: "`POST /arc`, upstream, seen: likewise",
    top: ["upstream"],
    under: ["forwarder"],
    age: "seen",
    goal: 1.3,
  },
];

function ratios(where, found, rounds) {
  const rows = shares.flatMap(({ label, top, under, age, goal, where: only = where }) => {
    if (only !== where || ![...top, ...under].every((name) => found[name])) return [];
    const cells = algorithms.map((algorithm) => {
      const of = (name) => found[name][`${algorithm}, ${age}`];
      const over = ([name, than]) => of(name).map((value, round) => value - (than ? of(than)[round] : 0));
      return share(over(top), over(under), rounds);
    });
    return [`| ${label} | ${cells.join(" | ")} | ${goal ? `≤ ${goal}` : "—"} |`];
  });
  const head = [
    `**The same in ${where}, as a share of what jose adds**, and how far that moves when processes and rounds are drawn anew (95 of 100 draws; of so few processes it is too narrow rather than too wide)`,
    "",
    `| | ${algorithms.join(" | ")} | goal |`,
    "|---|---|---|---|",
  ];
  return [...head, ...rows].join("\n");
}

// The medians' ratio, and how far it may be off: generations of processes, and the rounds of each, are drawn again and again, with
// replacement. Rounds of one process are like each other, so they alone would say too little of the next run.
function share(top, under, rounds) {
  const any = (count) => Math.floor(Math.random() * count);
  const generations = top.length / rounds;
  const drawn = Array.from({ length: 400 }, () => {
    const begins = Array.from({ length: generations }, () => any(generations) * rounds);
    const these = begins.flatMap((begin) => Array.from({ length: rounds }, () => begin + any(rounds)));
    return median(these.map((round) => top[round])) / median(these.map((round) => under[round]));
  }).sort((a, b) => a - b);
  const [low, high] = [drawn[10], drawn[389]];
  return `${(median(top) / median(under)).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function peers() {
  const version = (name) => JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  const names = ["jose", "hono", "workerd", "node"];
  return `Versions: ${names.map((name) => `${name} ${version(name)}`).join(", ")}.`;
}
