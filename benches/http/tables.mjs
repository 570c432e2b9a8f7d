// What a request costs: the CPU time of the server's process, seen from outside, with who is measured in turn.

import { cpuMicros, median, spread } from "../measure.mjs";
import { algorithms, arms, requestsOf } from "./arms.mjs";
import { open, send } from "./load.mjs";
import { startInNode, startInWorkerd, startUpstream } from "./servers.mjs";

const atOnce = 4;
const warmUp = 400;
const aTurn = 200;

const inNode = ["bare", "verify", "jose", "authenticate"];

/** The tables: 24 rounds, or 6. `only` names some of the arms. */
export async function tables({ isQuick = false, only = Object.keys(arms), rounds = isQuick ? 6 : 24 }) {
  const { requests, setup } = await requestsOf(warmUp + rounds * aTurn);
  const upstream = await startUpstream();
  try {
    const plan = { requests, rounds, setup, upstream: upstream.url };
    const workerd = await measure("workerd", only, startInWorkerd, plan);
    const node = await measure(
      "Node 22",
      only.filter((name) => inNode.includes(name)),
      startInNode,
      plan,
    );
    return {
      text: [
        costs("workerd", workerd),
        ratios("workerd", workerd),
        costs("Node 22", node),
        ratios("Node 22", node),
      ].join("\n\n"),
      rounds,
    };
  } finally {
    await upstream.close();
  }
}

// Microseconds a request, for each turn's name a list of rounds.
async function measure(where, names, start, { requests, rounds, setup, upstream }) {
  const servers = {};
  try {
    for (const name of names) {
      const { hasUpstream } = arms[name];
      const server = await start(arms[name], { ...setup, ...(hasUpstream && { upstream }) });
      servers[name] = {
        ...server,
        connections: await Promise.all(Array.from({ length: atOnce }, () => open(server.port))),
      };
    }
    const turns = names.flatMap((name) => turnsOf(name));
    for (const { name, algorithm, kind } of turns) {
      process.stderr.write(`requests: ${where}, ${name} warms up …\n`);
      const all = requests[algorithm];
      await send(servers[name].connections, kind === "new" ? all.slice(0, warmUp) : Array(warmUp).fill(all[0]));
    }
    const found = Object.fromEntries(turns.map(({ key }) => [key, []]));
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`requests: ${where}, round ${round + 1} of ${rounds} …\n`);
      for (const { name, algorithm, kind, key } of inOrder(turns, round)) {
        const all = requests[algorithm];
        const from = warmUp + round * aTurn;
        const these = kind === "new" ? all.slice(from, from + aTurn) : Array(aTurn).fill(all[0]);
        const { connections, pid, log } = servers[name];
        if (log) log.length = 0;
        const before = cpuMicros(pid);
        await send(connections, these);
        found[key].push((cpuMicros(pid) - before) / aTurn);
      }
    }
    return found;
  } finally {
    for (const { connections, close } of Object.values(servers)) {
      for (const connection of connections) connection.close();
      await close();
    }
  }
}

function turnsOf(name) {
  const kinds = arms[name].tokens;
  if (kinds.length === 0) return [{ name, algorithm: "ES256", kind: "seen", key: name }];
  return algorithms.flatMap((algorithm) =>
    kinds.map((kind) => ({ name, algorithm, kind, key: `${name} ${algorithm} ${kind}` })),
  );
}

// Another one first in each round, and every second one backwards: nobody always comes after the same.
function inOrder(turns, round) {
  const from = (round * 5) % turns.length;
  const order = [...turns.slice(from), ...turns.slice(0, from)];
  return round % 2 ? order.reverse() : order;
}

const shown = (values, digits) =>
  values ? `${median(values).toFixed(digits)} ± ${spread(values).toFixed(digits)}` : "—";

function costs(where, found) {
  const names = Object.keys(arms).filter((name) => turnsOf(name).some(({ key }) => found[key]));
  return [
    `**A request in ${where}**: CPU time of the server (µs)`,
    "",
    `| | ${algorithms.flatMap((algorithm) => [`${algorithm}, new`, `${algorithm}, seen`]).join(" | ")} |`,
    "|---|---|---|---|---|",
    ...names.map((name) => {
      const cells = algorithms.flatMap((algorithm) =>
        ["new", "seen"].map((kind) => shown(found[`${name} ${algorithm} ${kind}`] ?? found[name], 0)),
      );
      return `| ${arms[name].label} | ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

// Each is a difference over a difference, or over a whole where no other is named.
const wanted = [
  {
    label: "`authenticateRequest`, new: over the bare verification, of what jose adds to it",
    top: ["authenticate", "verify"],
    under: ["jose", "verify"],
    kind: "new",
    target: 0.8,
  },
  {
    label: "`authenticateRequest`, seen: over the bare server, of what jose adds to it",
    top: ["authenticate", "bare"],
    under: ["jose", "bare"],
    kind: "seen",
    target: 0.15,
  },
  {
    label: "`POST /arc`, `echo`, new: over the Worker that logs, of what jose adds to the bare one",
    top: ["arc", "logging"],
    under: ["jose", "bare"],
    kind: "new",
    target: 1.2,
  },
  {
    label: "`POST /arc`, `echo`, seen: likewise",
    top: ["arc", "logging"],
    under: ["jose", "bare"],
    kind: "seen",
    target: 0.5,
  },
  {
    label: "`POST /arc`, upstream, new: of the forwarder",
    top: ["upstream"],
    under: ["forwarder"],
    kind: "new",
    target: 1.3,
  },
  {
    label: "`POST /arc`, upstream, seen: of the forwarder",
    top: ["upstream"],
    under: ["forwarder"],
    kind: "seen",
    target: 1.3,
  },
];

function ratios(where, found) {
  const rows = wanted.flatMap(({ label, top, under, kind, target }) => {
    const cells = algorithms.map((algorithm) => {
      const of = (name) => found[`${name} ${algorithm} ${kind}`] ?? found[`${name} ${algorithm} new`] ?? found[name];
      if (![...top, ...under].every(of)) return undefined;
      const over = ([name, than]) => of(name).map((value, round) => value - (than ? of(than)[round] : 0));
      const base = median(over(under));
      return shown(
        over(top).map((value) => value / base),
        2,
      );
    });
    return cells.every((cell) => cell === undefined) ? [] : [`| ${label} | ${cells.join(" | ")} | ≤ ${target} |`];
  });
  return [`**As ratios, ${where}**`, "", `| | ${algorithms.join(" | ")} | goal |`, "|---|---|---|---|", ...rows].join(
    "\n",
  );
}
