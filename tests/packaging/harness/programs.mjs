// The programs that a consumer's ways run: tools to their end, and servers for as long as the way takes.

import { delimiter, dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { node22 } from "../../../scripts/setup/npm-packages.mjs";
import { endGroup, run, startGroup } from "../../../scripts/setup/processes.mjs";
import { freePort } from "../../../scripts/start/ports.mjs";
import { bounded } from "../../lib/bounded.mjs";

/** How long one program, one answer may take. */
export const PATIENCE = 240_000;

// The consumer's own tools, on the Node that the tests run on, and not the checkout's.
async function environment(project) {
  const { stdout } = await run(node22, ["-p", "process.execPath"]);
  const others = process.env.PATH.split(delimiter).filter((folder) => !folder.endsWith("node_modules/.bin"));
  return {
    PATH: [join(project, "node_modules/.bin"), dirname(stdout.trim()), ...others].join(delimiter),
    NODE_OPTIONS: "--max-old-space-size=3072",
    CI: "1",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
}

/** `exec` and `serve` in this project; `atEnd` takes what ends them. */
export async function openPrograms(project, atEnd) {
  const env = await environment(project);

  const start = (command, options, onLine) => {
    const child = startGroup(command[0], command.slice(1), {
      cwd: join(project, options.cwd ?? ""),
      env: { ...env, ...options.env },
      onLine: (line) => onLine(stripVTControlCharacters(line)),
    });
    atEnd(() => endGroup(child));
    return child;
  };

  return {
    /** Runs a program to its end; gives what it wrote. `cwd`, `env`. */
    async exec(command, options = {}) {
      const lines = [];
      const child = start(command, options, (line) => lines.push(line));
      const { code } = await bounded(child.ended, `end of ${command.join(" ")}`, PATIENCE);
      await endGroup(child);
      if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${lines.slice(-40).join("\n")}`);
      return lines.join("\n").trim();
    },
    /**
     * Starts a server; `{port}` in the command and in `env` becomes a free port. Gives its address once it has said `ready`:
     * the address itself, by default. `lines` collects what it says.
     */
    async serve(command, { ready, env: more = {}, cwd, lines = [] } = {}) {
      const port = String(await freePort());
      const filled = (text) => text.replaceAll("{port}", port);
      const wanted = ready ?? new RegExp(`:${port}\\b`);
      const own = Object.fromEntries(Object.entries(more).map(([name, value]) => [name, filled(value)]));
      let child;
      const said = new Promise((resolve, reject) => {
        child = start(command.map(filled), { cwd, env: own }, (line) => {
          lines.push(line);
          if (wanted.test(line)) resolve();
        });
        child.ended.then(({ code }) => reject(new Error(`${command[0]} ended with ${code}:\n${lines.join("\n")}`)));
      });
      await bounded(said, `word from ${command.join(" ")}`, PATIENCE).catch((error) => {
        throw new Error(`${error.message}\n${lines.join("\n")}`);
      });
      return `http://127.0.0.1:${port}`;
    },
  };
}
