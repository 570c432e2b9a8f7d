// Where the time of one arm goes, in workerd: by perf, which sees everything and names the compiled JavaScript and WebAssembly
// too, and by V8's own profiler, which sees the JavaScript's functions.

import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../scripts/setup/processes.mjs";
import { Stop } from "../../scripts/setup/steps.mjs";
import { freePort } from "../../tests/lib/worker.mjs";
import { cpuMicros } from "../measure.mjs";
import { arms, requestsOf } from "./arms.mjs";
import { open, send } from "./load.mjs";
import { startInWorkerd, startUpstream } from "./servers.mjs";

const warmUp = 4000;
const each = 8000;
const shown = 60;

/** Profiles what `said` names: an arm, `new` or `seen`, an algorithm, such as `arc:seen:ES256`. Gives the text of both. */
export async function profile(said) {
  const [name, kind = "new", algorithm = "ES256"] = said.split(":");
  if (!Object.hasOwn(arms, name)) throw new Stop(`no such arm: ${name}; there are ${Object.keys(arms).join(", ")}`);
  const { requests, setup } = await requestsOf(kind === "new" ? warmUp + 2 * each : 1, [algorithm]);
  const all = requests[algorithm];
  const upstream = await startUpstream();
  const inspector = await freePort();
  const server = await startInWorkerd(
    arms[name],
    { ...setup, ...(arms[name].hasUpstream && { upstream: upstream.url }) },
    {
      args: [`--inspector-addr=127.0.0.1:${inspector}`],
      v8Flags: ["--perf-basic-prof", "--interpreted-frames-native-stack"],
    },
  );
  const connections = await Promise.all(Array.from({ length: 4 }, () => open(server.port)));
  let next = 0;
  const ask = async (count) => {
    const these = kind === "new" ? all.slice(next, next + count) : Array(count).fill(all[0]);
    next += count;
    server.log.length = 0;
    const before = cpuMicros(server.pid);
    await send(connections, these);
    return ((cpuMicros(server.pid) - before) / count).toFixed(1);
  };
  try {
    await ask(warmUp);
    const byPerf = await underPerf(server.pid, () => ask(each));
    const byV8 = await underV8(inspector, () => ask(each));
    return [`# ${said}`, "", byPerf, "", byV8].join("\n");
  } finally {
    for (const connection of connections) connection.close();
    await server.close();
    await upstream.close();
    rmSync(`/tmp/perf-${server.pid}.map`, { force: true });
  }
}

async function underPerf(pid, work) {
  const data = join(tmpdir(), `arcgate-bench-${pid}.perf`);
  const recorder = spawn("perf", [
    "record",
    "-q",
    "-F",
    "5000",
    "-e",
    "cpu-clock",
    "-g",
    "-p",
    String(pid),
    "-o",
    data,
  ]);
  const ended = new Promise((resolve, reject) => recorder.on("exit", resolve).on("error", reject));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const micros = await work();
  recorder.kill("SIGINT");
  await ended;
  const report = async (...args) => {
    const { stdout } = await run("perf", ["report", "-i", data, "--stdio", "-g", "none", ...args]);
    return stdout.split("\n").filter((line) => line && !line.startsWith("#"));
  };
  const own = await report("--no-children", "--sort", "dso,symbol");
  const where = await report("--no-children", "--sort", "dso");
  rmSync(data, { force: true });
  return [
    `## perf: ${micros} µs a request (with the names of compiled code kept, which costs some)`,
    "",
    ...where.slice(0, 8),
    "",
    ...own.slice(0, shown),
  ].join("\n");
}

async function underV8(port, work) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const waiting = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
  };
  const ask = (method, params = {}) =>
    new Promise((resolve) => {
      const id = waiting.size + 1;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask("Profiler.enable");
  await ask("Profiler.setSamplingInterval", { interval: 100 });
  await ask("Profiler.start");
  const micros = await work();
  const { profile } = await ask("Profiler.stop");
  socket.close();
  const path = join(tmpdir(), "arcgate-bench.cpuprofile");
  writeFileSync(path, JSON.stringify(profile));
  return [`## V8: ${micros} µs a request; the whole of it in ${path}`, "", ...functionsOf(profile)].join("\n");
}

// Each function's own time, and that of all that it called, as shares of all that was not idle.
function functionsOf({ nodes, samples, timeDeltas }) {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || "(anonymous)"} ${url.split("/").at(-1)}:${lineNumber + 1}`,
    ]),
  );
  const above = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const times = new Map();
  let sum = 0;
  samples.forEach((id, at) => {
    if (names.get(id).startsWith("(idle)")) return;
    sum += timeDeltas[at];
    const callers = new Set();
    for (let one = id; one !== undefined; one = above.get(one)) callers.add(names.get(one));
    for (const name of callers) {
      const time = times.get(name) ?? { own: 0, all: 0 };
      times.set(name, {
        own: time.own + (name === names.get(id) ? timeDeltas[at] : 0),
        all: time.all + timeDeltas[at],
      });
    }
  });
  const percent = (time) => `${((100 * time) / sum).toFixed(2).padStart(6)} %`;
  const most = (what) => [...times].sort(([, a], [, b]) => b[what] - a[what]).slice(0, shown);
  const lines = (what) => most(what).map(([name, { own, all }]) => `${percent(own)} ${percent(all)}  ${name}`);
  return ["own time, with all that it called: by own time", ...lines("own"), "", "by all", ...lines("all")];
}
