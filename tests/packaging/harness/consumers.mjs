// The consumers: folders of `consumers/`, each a project that a user could have. In each are
// - package.json, with exact versions, and the package as "arcgate": "file:arcgate.tgz" among its (dev)dependencies;
// - consumer.mjs, which says what is tried:
//     export default {
//       name: "Vite 7",             // as docs/bundlers.md calls it
//       quick: ["dev"],             // the ways that `npm test` tries, too
//       todo: { dev: "why" },       // ways that are known to fail
//       like: "vite-6",             // the folder whose sources are its own, too
//       ways: { dev: async (kit) => …, … },
//     };
//   A way gives what the page or the program says, which must have the line in it that `check()` of check.mjs gives where all is
//   well; `kit` is in kit.mjs, its programs in programs.mjs. What a way asserts beyond that, it asserts itself;
// - its sources, which import check.mjs: that is put beside package.json.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { locked } from "../../../scripts/setup/cache.mjs";
import { checkModule, works } from "./fixture.mjs";
import { homeOf, installDependencies, pack, refresh } from "./install.mjs";
import { openKit } from "./kit.mjs";
import { openBrowsers } from "./pages.mjs";

const folder = fileURLToPath(new URL("../consumers", import.meta.url));

/** All of them, or those that ARCGATE_CONSUMERS names: "vite-7,rollup". */
export async function consumers() {
  const wanted = process.env.ARCGATE_CONSUMERS?.split(",");
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "consumer.mjs")));
  return Promise.all(names.filter((name) => !wanted || wanted.includes(name)).map(read));
}

async function read(id) {
  const { default: description } = await import(join(folder, id, "consumer.mjs"));
  const manifest = JSON.parse(readFileSync(join(folder, id, "package.json"), "utf8"));
  const sources = [description.like, id].filter(Boolean).map((name) => join(folder, name));
  return { id, sources, manifest, ...description };
}

/** Declares the tests of these consumers: one for each way of which `isWanted(consumer, way)` holds. */
export function declare(all, isWanted) {
  const shared = {};
  before(async () => {
    shared.folder = mkdtempSync(join(tmpdir(), "arcgate-packed-"));
    shared.tarball = await pack(shared.folder);
    shared.browsers = openBrowsers();
  });
  after(async () => {
    await shared.browsers?.close();
    rmSync(shared.folder, { recursive: true, force: true });
  });
  for (const consumer of all) {
    const ways = Object.entries(consumer.ways).filter(([way]) => isWanted(consumer, way));
    if (ways.length === 0) continue;
    describe(consumer.name, () => {
      for (const [way, run] of ways) {
        test(way, { todo: consumer.todo?.[way] }, () => tryWay(consumer, run, shared));
      }
    });
  }
}

async function tryWay({ id, sources, manifest }, run, { tarball, browsers }) {
  const home = homeOf(id, manifest);
  // Another checkout may be at the same project.
  await locked(async () => {
    const project = await installDependencies(home, manifest);
    await refresh(project, sources, manifest, tarball);
    writeFileSync(join(project, "check.mjs"), await checkModule());
    const kit = await openKit(project, browsers);
    try {
      const said = String(await run(kit));
      assert.ok(said.includes(works), said);
    } finally {
      await kit.end();
    }
  }, home);
}
