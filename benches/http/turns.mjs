// The measurement: a process for each arm, all of them at once, asked in turns.
//
// All arms in one Worker would be as steady, but one arm's garbage would be collected in another's turn, and a module that one of
// them needs would be in the memory of all. A process is started anew a few times in a run: how the compilers see the code in one
// of them differs by some microseconds from how they see it in the next.

import { cpuMicros } from "../measure.mjs";
import { algorithms, arms } from "./arms.mjs";
import { open, send } from "./load.mjs";

const atOnce = 4;

/** Microseconds of CPU a request: for each arm and kind of token a list with a number for each round. */
export async function measure(where, names, start, plan) {
  const found = Object.fromEntries(names.map((name) => [name, Object.fromEntries(kinds.map((kind) => [kind, []]))]));
  for (let generation = 0; generation < plan.generations; generation += 1) {
    process.stderr.write(`requests: ${where}, ${generation + 1} of ${plan.generations} …\n`);
    const servers = {};
    try {
      for (const name of names) servers[name] = await begin(arms[name], start, plan);
      await rounds(servers, plan, found);
    } finally {
      for (const { connections, close } of Object.values(servers)) {
        for (const connection of connections) connection.close();
        await close();
      }
    }
  }
  return found;
}

/** What a round has of each arm: an algorithm, and a token that was seen before or one that was not. */
export const kinds = algorithms.flatMap((algorithm) => ["new", "seen"].map((age) => `${algorithm}, ${age}`));

async function begin(arm, start, { setup, upstream }) {
  const server = await start(arm, arm.hasUpstream ? { ...setup, upstream } : setup);
  return { ...server, connections: [] };
}

// Connections that are open and were used just now: neither opening one nor waking up is measured. workerd closes those that are
// idle for 5 s, so older ones are opened anew.
async function wake(server, request) {
  if (!(performance.now() - server.usedAt < 2000)) {
    for (const connection of server.connections) connection.close();
    server.connections = await Promise.all(Array.from({ length: atOnce }, () => open(server.port)));
  }
  await send(server.connections, Array(2 * atOnce).fill(request));
}

async function rounds(servers, { requests, rounds, warmUp, aTurn }, found) {
  const names = Object.keys(servers);
  const turn = async (name, kind, from, count) => {
    const [algorithm, age] = kind.split(", ");
    const all = requests[algorithm];
    await wake(servers[name], all[0]);
    const { connections, pid, log } = servers[name];
    // What the server says is read while it is measured, and kept by nobody.
    if (log) log.length = 0;
    const these = Array.from({ length: count }, (_, index) => all[age === "new" ? from + index : 0]);
    const before = cpuMicros(pid);
    await send(connections, these);
    servers[name].usedAt = performance.now();
    return (cpuMicros(pid) - before) / count;
  };
  for (const name of names) for (const kind of kinds) await turn(name, kind, 0, warmUp);
  for (let round = 0; round < rounds; round += 1) {
    const from = warmUp + round * aTurn;
    // All arms in turn for each kind, so that they have rested equally long: a process that has not begins with cold caches, and
    // with what its garbage collector has put off.
    for (const kind of kinds) {
      for (const name of inOrder(names, round)) found[name][kind].push(await turn(name, kind, from, aTurn));
    }
  }
}

// Another one first in each round, and every second one backwards: nobody always comes after the same.
function inOrder(names, round) {
  const from = round % names.length;
  const order = [...names.slice(from), ...names.slice(0, from)];
  return round % 2 ? order.reverse() : order;
}
