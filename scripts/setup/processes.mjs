// Other programs: found on the PATH, run to their end, or kept as children that end with us.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stop } from "./steps.mjs";

/** The full path of a program on the PATH, or undefined. */
export function which(program, path = process.env.PATH ?? "") {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, program);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Runs a program to its end. Its output is collected, and with `show` also printed as it comes.
 * `onLine` sees each line, for progress.
 */
export function run(program, args, { env, cwd, show = false, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let output = "";
    const take = (chunk, stream) => {
      if (stream === "stdout") stdout += chunk;
      output += chunk;
      if (show) process[stream].write(chunk);
      if (onLine) for (const line of String(chunk).split("\n")) if (line.trim()) onLine(line.trim());
    };
    child.stdout.setEncoding("utf8").on("data", (chunk) => take(chunk, "stdout"));
    child.stderr.setEncoding("utf8").on("data", (chunk) => take(chunk, "stderr"));
    child.on("error", (error) =>
      reject(error.code === "ENOENT" ? new Stop(`${program} is not installed, or not on the PATH`) : error),
    );
    child.on("close", (code, signal) => resolve({ code: code ?? 1, signal, stdout, output }));
  });
}

/** Like run, but a failure is a Stop with the last lines of what the program said. */
export async function must(program, args, options = {}) {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    // A compiler's errors are worth reading whole.
    if (options.whole) console.log(`\n${result.output}`);
    throw new Stop(explain(options.label ?? [program, ...args].join(" "), result.output));
  }
  return result;
}

const unreachable =
  /could not resolve|couldn't resolve|failed to lookup address|temporary failure (in name|resolving)|getaddrinfo|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network is unreachable|failed to download|failed to fetch|download of .* failed|spurious network error|could not connect|connection (timed out|refused|reset)|unable to connect|Max retries exceeded|NewConnectionError/i;

const npmNoise = /^npm \S+ (code|errno|syscall|A complete log)/;

/** One line for a failed program: what could not be reached, or the last thing it said. */
export function explain(label, output) {
  const lines = output
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const said = lines.findLast((line) => unreachable.test(line));
  if (said) {
    const host = said.match(/https?:\/\/([^/\s:'")]+)/)?.[1] ?? output.match(/https?:\/\/([^/\s:'")]+)/)?.[1];
    return `${label}: ${host ?? "its registry"} is out of reach; check the network or the proxy settings, then run this again (${short(said)})`;
  }
  const error = lines.find((line) => /^(error|E:|npm (error|ERR!)) ?[^ ]/i.test(line) && !npmNoise.test(line));
  return `${label} failed: ${short(error ?? lines.at(-1) ?? "no output")}`;
}

function short(line) {
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

const children = new Set();

const leash = fileURLToPath(new URL("leash.mjs", import.meta.url));

/**
 * Starts a program in its own process group, so that all that it starts can be ended with it. It ends with us,
 * even when we are killed.
 */
export function startGroup(program, args, { env, cwd, onLine } = {}) {
  const child = spawn(process.execPath, [leash, program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  children.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (chunk) => {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    });
    stream.on("end", () => rest && onLine?.(rest));
  }
  child.ended = new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 1, error }));
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
  return child;
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
    return true;
  } catch {
    return false; // the group is gone
  }
}

/** Ends a group: its leader politely, and after that or a moment, all that is left of it. */
export async function endGroup(child, patienceMs = 3000) {
  if (!child.pid || !children.has(child)) return;
  signalGroup(child, "SIGTERM");
  let timer;
  await Promise.race([child.ended, new Promise((resolve) => (timer = setTimeout(resolve, patienceMs)))]);
  clearTimeout(timer);
  signalGroup(child, "SIGKILL");
  children.delete(child);
}

/** Ends a group at once, as a crash or the kernel would: nobody in it has a word left. */
export async function killGroup(child) {
  signalGroup(child, "SIGKILL");
  children.delete(child);
  await child.ended;
}

// The last resort, whatever ends this process: nothing that it started stays.
process.on("exit", () => {
  for (const child of children) signalGroup(child, "SIGKILL");
});
