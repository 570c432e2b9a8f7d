// workerd as a child: told to end when we are, with time for what is under way.

import { type ChildProcess, type Readable, spawn } from "node:child_process";
import process from "node:process";
import { isatty } from "node:tty";
import { raised } from "./descriptors.js";
import { Refused } from "./refused.js";

/** So long what is under way may take after it was told. */
const GRACE_MS = 10_000;
/** Signals that come within this are one. */
const SAME_MS = 1000;
const signals = ["SIGTERM", "SIGINT", "SIGHUP"];

interface Running {
  env: Record<string, string | undefined>;
  /** A descriptor that it is given to keep open. */
  lock: number | undefined;
  say(line: string): void;
  /** Called once it listens, with its port. */
  onListening(port: number): Promise<void>;
}

/** Runs it; gives our exit code: 0 where the end was asked for, or else its own. */
export async function runUntilAsked(
  program: string,
  args: string[],
  { env, lock, say, onListening }: Running,
): Promise<number> {
  const child = started(program, args, env, lock);
  let askedMs: number | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    if (askedMs !== undefined) return;
    askedMs = Date.now();
    child.kill("SIGTERM");
    say("ending; once more ends it at once");
    patience = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  // Ctrl-C under npm comes from the terminal, and from npm, too: that is one.
  const onSignal = () => (askedMs !== undefined && Date.now() - askedMs > SAME_MS ? child.kill("SIGKILL") : end());
  const isDetached = ![0, 1, 2].some(isatty);
  // Node knows no more whether `nohup` had it ignored: what has no terminal outlives one.
  const heed = (signal: string) => (signal === "SIGHUP" && isDetached ? () => {} : onSignal);
  const listeners = signals.map((signal) => [signal, heed(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  const watching = watchParent(end);
  heard(child.stdio[3] as Readable, onListening);
  try {
    const { code, signal } = await ended(child);
    if (askedMs !== undefined) return 0;
    throw new Refused(`workerd has ended by itself (${signal ?? `exit code ${code}`}): its own words are above`);
  } finally {
    clearTimeout(patience);
    clearInterval(watching);
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

function started(program: string, args: string[], env: Running["env"], lock: number | undefined): ChildProcess {
  const isWindows = process.platform === "win32";
  const [shell, before] = isWindows ? [program, []] : ["sh", [...raised, program]];
  try {
    return spawn(shell, [...before, ...args], {
      env,
      stdio: ["ignore", "inherit", "inherit", "pipe", lock ?? "ignore"],
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    throw new Refused(code === "E2BIG" ? tooLong(env) : `workerd can't be started: ${message}`);
  }
}

// The system's own words for it name no variable. A file may hold more than an environment.
function tooLong(env: Running["env"]): string {
  const bytesOf = (text = "") => new TextEncoder().encode(text).length;
  const sizes = Object.entries(env).map(([name, value]) => ({ name, bytes: bytesOf(value) }));
  const { name, bytes } = sizes.reduce((longest, one) => (one.bytes > longest.bytes ? one : longest));
  return `the variables are too long to hand on: ${name} has ${bytes} bytes, and Linux takes 128 KiB in each. Give what is there for many users by PROVIDERS, not one by one`;
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new Refused(`workerd can't be started: ${error.message}`)));
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
}

// workerd writes a line of JSON for each socket that it listens on.
function heard(control: Readable, onListening: (port: number) => Promise<void>): void {
  let text = "";
  control.setEncoding("utf8").on("data", (more) => {
    const lines = `${text}${more}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const { event, socket, port } = JSON.parse(line);
      if (event === "listen" && socket === "http") onListening(port);
    }
  });
}

// Under npm, the end of npm is the end of this too, however it came.
function watchParent(end: () => void): ReturnType<typeof setInterval> | undefined {
  if (!process.env.npm_command && !process.env.npm_lifecycle_event) return undefined;
  const parent = process.ppid;
  return setInterval(() => process.ppid === parent || end(), 1000);
}
