// `npx arcgate`, as whoever has installed the package calls it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { project } from "./packed.mjs";

const running = new Set();
after(() => {
  // With what it has started, unless all of it is gone already.
  for (const { pid } of running) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }
});

/** What never comes ends a test, too. */
export const bounded = { timeout: 120_000 };

/** The command in `folder`. `said` has its lines, `line(pattern)` waits for one, `ended` is its exit code. */
export function arcgate(args, { env = {}, folder = project } = {}) {
  const { PATH, TMPDIR } = process.env;
  const program = join(project, "node_modules/.bin/arcgate");
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH, TMPDIR, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.add(child);
  const said = [];
  const waiting = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (text) => {
      said.push(text);
      for (const look of waiting) look();
    });
  }
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    for (const look of waiting) look();
    return code;
  });
  const line = (pattern) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = said.find((text) => pattern.test(text));
        if (found) resolve(found);
        else if (!running.has(child)) reject(new Error(`ended without ${pattern}:\n${said.join("\n")}`));
      };
      waiting.push(look);
      look();
    });
  return { child, said, line, ended };
}

/** It, once it listens on a free port. */
export async function served(args = [], options) {
  const command = arcgate(["serve", "--port", "0", ...args], options);
  const url = (await command.line(/listens on/)).match(/http:\/\/\S+(?=,)/)[0];
  return { ...command, url };
}
