// What a consumer's ways are written with: programs, servers and pages, all of which are gone when a way is over.

import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { node22 } from "../../../scripts/setup/npm-packages.mjs";
import { endGroup, run, startGroup } from "../../../scripts/setup/processes.mjs";
import { bounded } from "../../lib/bounded.mjs";
import { servePages } from "../../lib/browser.mjs";
import { documented } from "./document.mjs";

const PATIENCE = 240_000;

/** A port that nobody listens on at present. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

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

/** The tools of one way of one consumer; `end()` leaves nothing behind. */
export async function openKit(project, browsers) {
  const env = await environment(project);
  const ends = [];

  const start = (command, options, onLine) => {
    const child = startGroup(command[0], command.slice(1), {
      cwd: join(project, options.cwd ?? ""),
      env: { ...env, ...options.env },
      onLine: (line) => onLine(stripVTControlCharacters(line)),
    });
    ends.push(() => endGroup(child));
    return child;
  };

  const kit = {
    project,
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
      const port = await freePort();
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
    /** Serves folders of the project as they are: `{ "/": "dist" }`. `headers` go with each answer. */
    async files(mounts, options) {
      const places = Object.entries(mounts).map(([prefix, place]) => [
        prefix,
        place.startsWith("<") ? place : join(project, place),
      ]);
      const server = await servePages(Object.fromEntries(places), options);
      ends.push(server.close);
      return server.url;
    },
    /** What a page shows: its line, and its complaints, each a text. `browser`: "chromium" or "firefox". */
    look: (url, options) => browsers.look(url, options),
    /** The line that a page shows. With `silent` it is nothing but complaints if there are any. */
    async page(url, { silent = false, ...options } = {}) {
      const { line, complaints } = await browsers.look(url, options);
      if (silent && complaints.length > 0) return `it works, but:\n  ${complaints.join("\n  ")}`;
      return line.startsWith("user-") ? line : [line, ...complaints].join("\n  ");
    },
    /** Runs a block of shell of docs/bundlers.md. */
    shell: (block) => kit.exec(["sh", "-ec", block]),
    /** A port at which nobody answers. */
    unused: freePort,
    /** What a server answers. */
    async get(url, init) {
      const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), ...init });
      return response.text();
    },
    /** Puts a file into the project. */
    write: (path, text) => writeFileSync(join(project, path), text),
    /** The code block of docs/bundlers.md below this heading. */
    documented,
    /** Something to do at the end, whatever happens. */
    atEnd: (work) => void ends.push(work),
    async end() {
      for (const work of ends.reverse()) await work();
    },
  };
  return kit;
}
