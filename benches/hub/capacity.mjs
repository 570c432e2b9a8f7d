// How much one object carries: more and more of it, until clients wait too long.

import { tokens } from "../gate-contenders.mjs";
import { cpuMicros } from "../measure.mjs";
import { atRate, inParallel, open, quantile, sinceEvent } from "./load.mjs";

/** Who waits longer waits too long: the 95th of a hundred, in milliseconds. */
const limitMs = 50;
const eventMs = 50;

/** The table: the last step of each ramp at which nobody waited too long, and how it was there. */
export async function capacityTable(contenders, { ramp: { seconds, users, echoesPerSec, jobsAtOnce } }) {
  const rows = [];
  for (const [name, { url, pid }] of Object.entries(contenders)) {
    const sessions = await open(url, tokens(users, users));
    const echoes = await climb(`${name}, echoes`, echoesPerSec, pid, async (perSec) => {
      const waits = await atRate(sessions, perSec, seconds, "echo", { text: "hello" });
      return { wanted: perSec, perSec, waits };
    });
    const events = await climb(`${name}, events`, jobsAtOnce, pid, async (jobs) => {
      const waits = [];
      const input = { to: Math.round((seconds * 1000) / eventMs), delayMs: eventMs };
      const began = performance.now();
      await inParallel(sessions, jobs, jobs, "count", input, (payload) => waits.push(sinceEvent(payload)));
      const wanted = (jobs * 1000) / eventMs;
      return { wanted, perSec: (waits.length * 1000) / (performance.now() - began), waits };
    });
    await Promise.all(sessions.map((each) => each.close()));
    rows.push(`| ${name} | ${echoes} | ${events} |`);
  }
  return [
    `**One object’s capacity**: ${users} users in it, more and more of it until p95 exceeds ${limitMs} ms; the last step below that`,
    "",
    `| | echoes a second · p95 (ms) · CPU | events a second, of jobs with one every 50 ms · p95 (ms) · CPU |`,
    "|---|---|---|",
    ...rows,
  ].join("\n");
}

async function climb(what, steps, pid, work) {
  let last = "none";
  for (const step of steps) {
    const [cpu, began] = [cpuMicros(pid), performance.now()];
    const { wanted, perSec, waits } = await work(step);
    const elapsed = performance.now() - began;
    const p95 = quantile(waits, 0.95);
    const share = (cpuMicros(pid) - cpu) / elapsed / 10;
    process.stderr.write(
      `${what}: ${perSec.toFixed(0)} a second, p95 ${p95.toFixed(1)} ms, CPU ${share.toFixed(0)} % …\n`,
    );
    // Who is behind with what was asked for has no time left, however soon the rest comes.
    if (p95 > limitMs || perSec < wanted * 0.8) return last;
    last = `${perSec.toFixed(0)} · ${p95.toFixed(0)} · ${share.toFixed(0)} %`;
  }
  return `${last}, and no more was tried`;
}
