// What a session costs through the gate: beside a Worker that only carries frames and checks nothing, and beside the
// Python SDK's own runtime. CPU time is the process's; who is measured takes turns within each round.

import { readdirSync } from "node:fs";
import {
  collect,
  heartbeatSec,
  startGateway,
  startHub,
  startObject,
  startPipe,
  startPython,
  startUpstream,
  tokens,
} from "./gate-contenders.mjs";
import { handshakes, idle, jobs } from "./gate-load.mjs";
import { cpuMicros, line, median, memoryKb, spread } from "./measure.mjs";

const pipe = "bare pipe, upstream";
const python = "Python SDK’s runtime";
const starts = {
  [pipe]: startPipe,
  "gate, upstream": startGateway,
  "gate, embedded runtime": () => startHub(),
  [python]: startPython,
};
const reference = { "gate, upstream": pipe, "gate, embedded runtime": python };

const full = {
  rounds: 9,
  handshakes: 150,
  echoes: 100,
  events: 1000,
  warm: 8,
  groups: 12,
  idle: 125,
  idleSec: 10,
  asleepSec: 13,
};
const quick = { ...full, rounds: 3, handshakes: 40, echoes: 25, events: 200, warm: 2, groups: 3, idleSec: 2 };

const shortNames = { [pipe]: "bare pipe", [python]: python };

/** The tables: 9 rounds, or 3 short ones, or as the plan says. With `only` "idle" that of idle sessions alone. */
export async function tables({ isQuick = false, only, plan = isQuick ? quick : full }) {
  const parts = only?.includes("idle") ? [idleTable] : [activeTable, idleTable];
  const texts = [];
  for (const part of parts) texts.push(await part(plan));
  return { text: texts.join("\n\n"), rounds: plan.rounds };
}

async function activeTable(plan) {
  return withAll(starts, async (contenders) => {
    const found = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
    // The first round warms up, and is dropped.
    for (let round = 0; round <= plan.rounds; round += 1) {
      process.stderr.write(`sessions, round ${round} of ${plan.rounds} …\n`);
      const values = {};
      for (const [name, contender] of Object.entries(contenders)) values[name] = await oneRound(contender, plan);
      if (round === 0) continue;
      for (const name of Object.keys(values)) {
        const { cpu, echo, events } = values[name];
        const than = values[reference[name]];
        const ratios = than && { cpu: cpu / than.cpu, echo: echo / than.echo, events: events / than.events };
        found[name].push({ ...values[name], ratios });
      }
    }
    return [
      "**Sessions**: opened, then jobs run through them (workerd; the Python SDK’s own runtime beside)",
      "",
      "| | handshakes a second | CPU a handshake (µs) | CPU a frame, echo (µs) | CPU a frame, events (µs) | CPU, as a ratio: handshake · echo · events |",
      "|---|---|---|---|---|---|",
      ...Object.entries(found).map(([name, values]) => row(name, values)),
    ].join("\n");
  });
}

async function oneRound({ url, pid }, plan) {
  const fresh = tokens(plan.handshakes);
  let before = cpuMicros(pid);
  const seconds = await handshakes(url, fresh);
  const cpu = (cpuMicros(pid) - before) / fresh.length;
  const sessions = await idle(url, tokens(4));
  const aFrame = async (...job) => {
    before = cpuMicros(pid);
    const frames = await jobs(sessions, ...job);
    return (cpuMicros(pid) - before) / frames;
  };
  const echo = await aFrame(plan.echoes, "echo", { text: "hello" });
  const events = await aFrame(1, "count", { to: plan.events });
  await Promise.all(sessions.map((session) => session.close()));
  return { rate: fresh.length / seconds, cpu, echo, events };
}

function row(name, rounds) {
  const shown = (pick, digits) =>
    `${median(rounds.map(pick)).toFixed(digits)} ± ${spread(rounds.map(pick)).toFixed(digits)}`;
  const ratio = (what) => median(rounds.map(({ ratios }) => ratios[what])).toFixed(2);
  const cells = [
    shown(({ rate }) => rate, 0),
    shown(({ cpu }) => cpu, 0),
    shown(({ echo }) => echo, 1),
    shown(({ events }) => events, 1),
    reference[name] ? `${["cpu", "echo", "events"].map(ratio).join(" · ")} to the ${shortNames[reference[name]]}` : "—",
  ];
  return `| ${name} | ${cells.join(" | ")} |`;
}

async function idleTable(plan) {
  const bare = "a bare socket";
  const holders = {
    [bare]: (upstream) => startPipe(upstream, "/hold"),
    ...starts,
    "bare pipe, an object that sleeps": () => startObject(),
    "… and a timer for its heartbeats": () => startObject(true),
  };
  return withAll(holders, async (contenders) => {
    process.stderr.write("idle sessions …\n");
    const names = Object.keys(contenders);
    const grown = await Promise.all(Object.values(contenders).map((contender) => grow(contender, plan)));
    const lines = Object.fromEntries(names.map((name, index) => [name, grown[index]]));
    // All of them idle in the same seconds.
    process.stderr.write(`idle sessions, ${plan.idleSec} s …\n`);
    const used = Object.entries(contenders).map(([name, { pid }]) => [name, pid, cpuMicros(pid)]);
    await pause(plan.idleSec);
    for (const [name, pid, before] of used) lines[name].cpu = (cpuMicros(pid) - before) / 1000;
    const over = (name, other) => {
      const [own, its] = [lines[name].asleep, lines[other].asleep];
      return name === other
        ? "—"
        : withError({ slope: own.slope - its.slope, error: Math.hypot(own.error, its.error) });
    };
    const { warm, groups, idle: each } = plan;
    return [
      `**Idle sessions**: ${(warm + groups) * each}, each of a user of its own, with a heartbeat every ${heartbeatSec} s (by default every 30 s), opened ${each} at a time. *Asleep*: ${plan.asleepSec} s later, when the platform has let go of a hub that has nothing to do, and V8 has collected all there is. The slope of the line through what is in use after each of the last ${groups + 1} times, ± its standard error`,
      "",
      `| | memory a session, at once (kB) | asleep (kB) | over a bare socket (kB) | over the bare pipe (kB) | descriptors, at once | asleep | CPU of all in ${plan.idleSec} s (ms) |`,
      "|---|---|---|---|---|---|---|---|",
      ...Object.entries(lines).map(([name, { awake, asleep, descriptors, cpu }]) => {
        const numbers = [awake.toFixed(1), withError(asleep), over(name, bare), over(name, pipe)];
        return `| ${name} | ${[...numbers, ...descriptors.map((one) => one.toFixed(1)), cpu.toFixed(0)].join(" | ")} |`;
      }),
    ].join("\n");
  });
}

// What a session adds. What those before needed while they were awake is free for the next, so as many are opened each time, and all
// are asleep before the next are: whatever was needed in between was needed as often before.
async function grow({ url, pid, ...more }, { warm, groups, idle: each, asleepSec }) {
  const [points, awake, descriptors] = [[], [], [[], []]];
  for (let group = 0; group < warm + groups; group += 1) {
    const [before, open] = [memoryKb(pid), descriptorsOf(pid)];
    await idle(url, tokens(each, Number.MAX_SAFE_INTEGER, group * each));
    awake.push((memoryKb(pid) - before) / each);
    descriptors[0].push((descriptorsOf(pid) - open) / each);
    await pause(asleepSec);
    await collect({ url, pid, ...more });
    descriptors[1].push((descriptorsOf(pid) - open) / each);
    points.push([(group + 1) * each, memoryKb(pid)]);
  }
  return {
    asleep: line(points.slice(-groups - 1)),
    awake: median(awake.slice(-groups)),
    descriptors: descriptors.map((found) => median(found.slice(-groups))),
  };
}

const withError = ({ slope, error }) => `${slope.toFixed(1)} ± ${error.toFixed(1)}`;

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const descriptorsOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;

// Starts the upstream and all who are measured, and ends them whatever happens.
async function withAll(starting, work) {
  const upstream = await startUpstream();
  const begun = await Promise.allSettled(Object.values(starting).map((start) => start(upstream)));
  try {
    const failed = begun.find(({ reason }) => reason);
    if (failed) throw failed.reason;
    const names = Object.keys(starting);
    return await work(Object.fromEntries(begun.map(({ value }, index) => [names[index], value])));
  } finally {
    await Promise.all([upstream.close(), ...begun.map(({ value }) => value?.close())]);
  }
}
