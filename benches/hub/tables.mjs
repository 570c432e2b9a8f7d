// What a hub's memory of what happens costs: beside the same hub that keeps nothing, and beside the Python SDK's own runtime, which
// keeps nothing either. Who is measured takes turns within each round.

import { tokens } from "../gate-contenders.mjs";
import { cpuMicros, median, spread } from "../measure.mjs";
import { capacityTable } from "./capacity.mjs";
import { before, inMemory, onDisk, onRamDisk, python, withContenders } from "./contenders.mjs";
import { idleTable } from "./idle.mjs";
import { framesOf, inParallel, open, quantile, sinceEvent } from "./load.mjs";
import { rowsTable } from "./rows.mjs";

const pacedMs = 50;
/** Loads, so many at a time. */
export const echo = (parallel, jobs) => ({ kind: "echo", parallel, jobs, agent: "echo", input: { text: "hello" } });
export const burst = (parallel, jobs, to) => ({ kind: "burst", parallel, jobs, agent: "count", input: { to } });
export const paced = (parallel, to) => ({
  kind: "paced",
  parallel,
  jobs: parallel,
  agent: "count",
  input: { to, delayMs: pacedMs },
});

const full = {
  rounds: 5,
  loads: [
    echo(1, 100),
    echo(10, 300),
    echo(100, 600),
    burst(1, 2, 1000),
    burst(10, 10, 300),
    burst(100, 100, 50),
    paced(10, 40),
    paced(100, 20),
  ],
  ramp: {
    seconds: 3,
    users: 100,
    echoesPerSec: [50, 100, 200, 300, 400, 600, 800, 1200, 1700, 2400],
    jobsAtOnce: [10, 25, 50, 75, 100, 150, 200, 300, 400],
  },
  rows: { sessions: 20, ended: 600, jobs: 200, events: 1000 },
  idle: { sessions: 1000, asleepSec: 13, seconds: 60, woken: 50 },
};
const quick = {
  ...full,
  rounds: 2,
  ramp: { ...full.ramp, seconds: 2 },
  idle: { ...full.idle, sessions: 200, seconds: 20 },
};

/** The tables. `only` has names of contenders, or is "idle": that of idle sessions alone. */
export async function tables({ isQuick = false, only, plan = isQuick ? quick : full }) {
  if (only?.includes("idle")) return { text: await idleTable(plan), rounds: 1 };
  const parts = [
    ...(await activeTables({ only, plan })),
    await withContenders(only, (contenders) => capacityTable(contenders, plan)),
    await rowsTable(plan),
    await idleTable(plan),
  ];
  return { text: parts.join("\n\n"), rounds: plan.rounds };
}

const activeTables = ({ only, plan }) =>
  withContenders(only, async (contenders) => {
    const found = await measure(contenders, plan);
    return [costs(found, plan), ratios(found, plan), latencies(found, plan)];
  });

async function measure(contenders, { rounds, loads }) {
  const found = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  // The first round warms up, and is dropped: from then on a hub has as many ended jobs as it keeps.
  for (let round = 0; round <= rounds; round += 1) {
    process.stderr.write(`hubs, round ${round} of ${rounds} …\n`);
    for (const [name, { url, pid }] of Object.entries(contenders)) {
      const sessions = await open(url, tokens(10, 10));
      const values = [];
      for (const load of loads) values.push(await oneLoad(sessions, pid, load));
      await Promise.all(sessions.map((each) => each.close()));
      if (round > 0) found[name].push(values);
    }
  }
  return found;
}

async function oneLoad(sessions, pid, { kind, parallel, jobs, agent, input }) {
  const [frames, cpu, began] = [framesOf(sessions), cpuMicros(pid), performance.now()];
  const late = [];
  const onEvent = kind === "paced" ? (payload) => late.push(sinceEvent(payload)) : undefined;
  const times = await inParallel(sessions.slice(0, parallel), parallel, jobs, agent, input, onEvent);
  const seconds = (performance.now() - began) / 1000;
  return {
    cpu: (cpuMicros(pid) - cpu) / (framesOf(sessions) - frames),
    perSec: (jobs * (input.to ?? 1)) / seconds,
    waits: kind === "paced" ? late : times,
  };
}

const labels = {
  echo: "an echo",
  burst: "events in a burst",
  paced: `an event every ${pacedMs} ms`,
};
const headers = (loads) => loads.map(({ kind, parallel }) => `${labels[kind]}, ${parallel} at a time`);
const table = (title, columns, rows) =>
  [`**${title}**`, "", `| | ${columns.join(" | ")} |`, `|---${"|---".repeat(columns.length)}|`, ...rows].join("\n");
const row = (name, cells) => `| ${name} | ${cells.join(" | ")} |`;
const shown = (values, digits) => `${median(values).toFixed(digits)} ± ${spread(values).toFixed(digits)}`;
const column = (found, name, index) => found[name].map((values) => values[index]);

function costs(found, { loads }) {
  const rows = Object.keys(found).map((name) =>
    row(
      name,
      loads.map((_, index) =>
        shown(
          column(found, name, index).map(({ cpu }) => cpu),
          1,
        ),
      ),
    ),
  );
  return table("CPU of the server, a frame of its clients’ (µs)", headers(loads), rows);
}

const goals = { echo: 2.5, burst: 1.5 };

// By rounds: what two did next to each other is compared.
function ratios(found, { loads }) {
  const pairs = [
    [onDisk, inMemory],
    [onRamDisk, inMemory],
    [onDisk, before],
    [onRamDisk, before],
    [inMemory, before],
    [onDisk, python],
    [onRamDisk, python],
  ].filter((pair) => pair.every((name) => found[name]));
  const rows = pairs.map(([one, other]) =>
    row(
      `${one} / ${other}`,
      loads.map((_, index) => {
        const others = column(found, other, index);
        return shown(
          column(found, one, index).map(({ cpu }, round) => cpu / others[round].cpu),
          2,
        );
      }),
    ),
  );
  const aims = row(
    "goal, to one that keeps nothing",
    loads.map(({ kind }) => (goals[kind] ? `≤ ${goals[kind]}` : "—")),
  );
  return table("The same as ratios", headers(loads), [...rows, aims]);
}

function latencies(found, { loads }) {
  const cell = (values) => {
    const waits = values.flatMap(({ waits }) => waits);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(waits, share).toFixed(waits[0] % 1 ? 1 : 0));
    return `${median(values.map(({ perSec }) => perSec)).toFixed(0)} · ${p50} / ${p95} / ${p99}`;
  };
  const rows = Object.keys(found).map((name) =>
    row(
      name,
      loads.map((_, index) => cell(column(found, name, index))),
    ),
  );
  const title =
    "How many a second (jobs of echo, events), and p50 / p95 / p99 in ms: a job from submit to result; of paced events, each from the runtime to the client";
  return table(title, headers(loads), rows);
}
