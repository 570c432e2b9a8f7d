// workerd as a child: told to end when we are, with time for what is under way.

import { type ChildProcess, type Readable, spawn } from "node:child_process";
import process from "node:process";
import { raised } from "./descriptors.js";
import { Refused } from "./refused.js";

/** So long what is under way may take after it was told. */
const GRACE_MS = 10_000;
const signals = ["SIGTERM", "SIGINT", "SIGHUP"];

interface Running {
  env: Record<string, string | undefined>;
  say(line: string): void;
  /** Called once it listens, with its port. */
  onListening(port: number): Promise<void>;
}

/** Runs it; gives our exit code: 0 where the end was asked for, or else its own. */
export async function runUntilAsked(
  program: string,
  args: string[],
  { env, say, onListening }: Running,
): Promise<number> {
  const isWindows = process.platform === "win32";
  const [shell, before] = isWindows ? [program, []] : ["sh", [...raised, program]];
  const child = spawn(shell, [...before, ...args], { env, stdio: ["ignore", "inherit", "inherit", "pipe"] });
  let isAsked = false;
  let patience: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    child.kill(isAsked ? "SIGKILL" : "SIGTERM");
    if (isAsked) return;
    isAsked = true;
    say("ending; once more ends it at once");
    patience = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  for (const signal of signals) process.on(signal, end);
  const watching = watchParent(end);
  heard(child.stdio[3] as Readable, onListening);
  try {
    const { code, signal } = await ended(child);
    if (isAsked) return 0;
    throw new Refused(`workerd has ended by itself (${signal ?? `exit code ${code}`}): its own words are above`);
  } finally {
    clearTimeout(patience);
    clearInterval(watching);
    for (const signal of signals) process.off(signal, end);
  }
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
  let isOver = false;
  return setInterval(() => {
    if (isOver || process.ppid === parent) return;
    isOver = true;
    end();
  }, 1000);
}
