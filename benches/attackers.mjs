// What one greedy user costs another: bob's requests while alice attacks, in one process of workerd as `npm run serve` has it.
// Each attack has a fresh process; the attacker is a process of its own and shares the machine's cores with it.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { node22 } from "../scripts/setup/npm-packages.mjs";
import { startServe } from "../tests/lib/workerd.mjs";
import { cpuMicros, heldBy, memoryKb, processOf } from "./measure.mjs";

/** What a neighbour may cost: the goal that the table is held against. */
export const goal = { p95Ms: 250, growthMb: 300 };

const kinds = [
  "bodies held open",
  "histories asked for",
  "lists asked for",
  "jobs submitted",
  "large jobs submitted",
  "large jobs over many sessions",
  "events nobody reads",
  "silent sockets",
  "wrong tokens, HTTP",
  "wrong tokens, sockets",
  "requests, HTTP",
  "large requests, HTTP",
  "a body in tiny pieces",
];

const tokens = { alice: "token-of-alice-0123456789", bob: "token-of-bob-0123456789" };
const full = { rounds: 3, seconds: 8, kinds };
const quick = { rounds: 1, seconds: 6, kinds };

/** The table: 3 rounds of 8 s an attacker, or one short one, or as the plan says. */
export async function tables({ isQuick = false, plan = isQuick ? quick : full } = {}) {
  const rows = [await row("nobody", plan)];
  for (const kind of plan.kinds) rows.push(await row(kind, plan));
  const text = [
    `**A greedy neighbour**: another user's \`POST /arc\` while one attacks for ${plan.seconds} s; the worst of ${plan.rounds} rounds (goal: p95 under ${goal.p95Ms} ms, memory under ${goal.growthMb} MB)`,
    "",
    "| the attack | p50 (ms) | p95 (ms) | slowest (ms) | not 200 | memory grows by (MB) | descriptors | CPU (%) | what became of it |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
  return { text, rounds: plan.rounds };
}

async function row(kind, plan) {
  const rounds = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    process.stderr.write(`a greedy neighbour: ${kind}, round ${round} of ${plan.rounds} …\n`);
    rounds.push(await oneRound(kind, plan));
  }
  const worst = (pick, digits = 0) => Math.max(...rounds.map(pick)).toFixed(digits);
  const cells = [
    kind,
    worst(({ times }) => at(times, 0.5)),
    worst(({ times }) => at(times, 0.95)),
    worst(({ times }) => at(times, 1)),
    worst(({ failed }) => failed),
    worst(({ growth }) => growth),
    worst(({ descriptors }) => descriptors),
    worst(({ cpu }) => cpu),
    outcome(rounds.at(-1).report),
  ];
  return `| ${cells.join(" | ")} |`;
}

async function oneRound(kind, { seconds }) {
  const STATIC_TOKENS = { [tokens.alice]: "alice", [tokens.bob]: "bob" };
  const worker = await startServe({ STATIC_TOKENS });
  try {
    // The command names the state, and what it has started does not.
    const pid = heldBy(processOf("node", worker.state));
    await probe(worker.url, 1);
    const before = { memory: memoryKb(pid), cpu: cpuMicros(pid), at: performance.now() };
    let peak = before.memory;
    let descriptors = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, memoryKb(pid));
      descriptors = Math.max(descriptors, readdirSync(`/proc/${pid}/fd`).length);
    }, 100);
    const attack = kind === "nobody" ? undefined : attacker(kind, worker.url, seconds);
    const { times, failed } = await probe(worker.url, seconds);
    const cpu = (cpuMicros(pid) - before.cpu) / (performance.now() - before.at) / 10;
    const report = await attack;
    clearInterval(watch);
    return { times, failed, growth: (peak - before.memory) / 1000, descriptors, cpu, report };
  } finally {
    await worker.close();
  }
}

// Bob, who asks for something small at a fixed pace, whether or not he has been answered: else a wait would count once only.
async function probe(url, seconds) {
  const times = [];
  const asked = [];
  let failed = 0;
  const ask = async () => {
    const began = performance.now();
    const signal = AbortSignal.timeout(60_000);
    const status = await fetch(`${url}/arc`, { method: "POST", headers, body, signal }).then(
      (response) => response.text().then(() => response.status),
      () => 0,
    );
    times.push(performance.now() - began);
    if (status !== 200) failed += 1;
  };
  for (const until = Date.now() + seconds * 1000; Date.now() < until; ) {
    asked.push(ask());
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await Promise.all(asked);
  return { times, failed };
}

const everyMs = 50;
const headers = { authorization: `Bearer ${tokens.bob}`, "content-type": "application/arc+json" };
const body = JSON.stringify({
  arc: "1.0",
  id: "b",
  method: "task.create",
  requestAgent: "bob",
  targetAgent: "echo",
  params: { initialMessage: { role: "user", parts: [{ type: "TextPart", content: "x" }] } },
});

function attacker(kind, url, seconds) {
  const file = fileURLToPath(new URL("attacker.mjs", import.meta.url));
  const child = spawn(node22, [file, kind, url, tokens.alice, String(seconds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => resolve(said ? JSON.parse(said) : { sent: 0, answers: { "it ended without a word": 1 } }));
  });
}

const at = (times, share) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];

function outcome(report) {
  if (!report) return "—";
  const most = Object.entries(report.answers).sort(([, a], [, b]) => b - a);
  return `${report.sent} sent; ${
    most
      .slice(0, 4)
      .map(([what, count]) => `${what} ${count}`)
      .join(", ") || "no answer"
  }`;
}
