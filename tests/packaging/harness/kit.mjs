// What a consumer's ways are written with: programs, servers and pages, all of which are gone when a way is over.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../scripts/start/ports.mjs";
import { servePages } from "../../lib/browser.mjs";
import { documented } from "./document.mjs";
import { openPrograms, PATIENCE } from "./programs.mjs";

/** The tools of one way of one consumer; `end()` leaves nothing behind. */
export async function openKit(project, browsers) {
  const ends = [];
  const atEnd = (work) => void ends.push(work);
  const programs = await openPrograms(project, atEnd);

  return {
    project,
    ...programs,
    /** Serves folders of the project as they are: `{ "/": "dist" }`. `headers` go with each answer. */
    async files(mounts, options) {
      const places = Object.entries(mounts).map(([prefix, place]) => [
        prefix,
        place.startsWith("<") ? place : join(project, place),
      ]);
      const server = await servePages(Object.fromEntries(places), options);
      atEnd(server.close);
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
    shell: (block) => programs.exec(["sh", "-ec", block]),
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
    atEnd,
    async end() {
      const failures = [];
      for (const work of ends.reverse())
        await Promise.resolve()
          .then(work)
          .catch((error) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}
