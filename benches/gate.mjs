// What a session costs through the gate: beside a Worker that only carries frames and checks nothing, and beside the
// Python SDK's own runtime. CPU time is the process's; who is measured takes turns within each round.

import {
  heartbeatSec,
  startGateway,
  startHub,
  startPipe,
  startPython,
  startUpstream,
  tokens,
} from "./gate-contenders.mjs";
import { handshakes, idle, jobs } from "./gate-load.mjs";
import { cpuMicros, median, memoryKb, spread } from "./measure.mjs";

const pipe = "bare pipe, upstream";
const python = "Python SDK’s runtime";
const starts = {
  [pipe]: startPipe,
  "gate, upstream": startGateway,
  "gate, embedded runtime": startHub,
  [python]: startPython,
};
const reference = { "gate, upstream": pipe, "gate, embedded runtime": python };

const full = { rounds: 9, handshakes: 150, echoes: 100, events: 1000, idle: 1000, idleSec: 10 };
const quick = { rounds: 3, handshakes: 40, echoes: 25, events: 200, idle: 200, idleSec: 2 };

const shortNames = { [pipe]: "bare pipe", [python]: python };

/** The tables: 9 rounds, or 3 short ones, or as the plan says. */
export async function tables({ isQuick = false, plan = isQuick ? quick : full }) {
  return { text: [await activeTable(plan), await idleTable(plan)].join("\n\n"), rounds: plan.rounds };
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
  const holders = { [bare]: (upstream) => startPipe(upstream, "/hold"), ...starts };
  return withAll(holders, async (contenders) => {
    const lines = {};
    for (const [name, { url, pid }] of Object.entries(contenders)) {
      process.stderr.write(`idle sessions, ${name} …\n`);
      const some = await idle(url, tokens(50));
      await Promise.all(some.map((session) => session.close()));
      const before = memoryKb(pid);
      await idle(url, tokens(plan.idle, plan.idle));
      lines[name] = { memory: (memoryKb(pid) - before) / plan.idle };
    }
    // All of them idle in the same seconds.
    process.stderr.write(`idle sessions, ${plan.idleSec} s …\n`);
    const used = Object.entries(contenders).map(([name, { pid }]) => [name, pid, cpuMicros(pid)]);
    await new Promise((resolve) => setTimeout(resolve, plan.idleSec * 1000));
    for (const [name, pid, before] of used) lines[name].cpu = (cpuMicros(pid) - before) / 1000;
    const added = (name) => (name === bare ? "—" : (lines[name].memory - lines[bare].memory).toFixed(1));
    return [
      `**Idle sessions**: ${plan.idle}, each of a user of its own, with a heartbeat every ${heartbeatSec} s (by default every 30 s)`,
      "",
      `| | memory a session (kB) | over a bare socket (kB) | CPU of all in ${plan.idleSec} s (ms) |`,
      "|---|---|---|---|",
      ...Object.entries(lines).map(
        ([name, { memory, cpu }]) => `| ${name} | ${memory.toFixed(1)} | ${added(name)} | ${cpu.toFixed(0)} |`,
      ),
    ].join("\n");
  });
}

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
