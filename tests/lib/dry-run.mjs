// `wrangler deploy`, as far as it goes without an account.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { node22 } from "../../scripts/setup/npm-packages.mjs";
import { run } from "../../scripts/setup/processes.mjs";

/** What it says in a folder, and the files that it would send. */
export async function dryRun(folder, env = {}) {
  const { code, output } = await run(
    node22,
    ["node_modules/wrangler/bin/wrangler.js", "deploy", "--dry-run", "--outdir", "out"],
    { cwd: folder, env: { WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "1", ...env } },
  );
  assert.equal(code, 0, output);
  const files = readdirSync(join(folder, "out")).filter((file) => !file.endsWith(".map") && file !== "README.md");
  const scripts = files.filter((file) => file.endsWith(".js"));
  return { output, files, text: scripts.map((file) => readFileSync(join(folder, "out", file), "utf8")).join("\n") };
}

/** That it is the gate, with nothing of development. */
export function checkDeployed({ output, files, text }) {
  for (const name of ["RUNTIME_HUB", "REVOCATIONS"]) assert.match(output, new RegExp(name));
  assert.doesNotMatch(output, /DEV_MODE|PLAYGROUND|ASSETS|[Aa]sset/, "nothing of development is bound or uploaded");
  assert.equal(files.filter((file) => file.endsWith(".wasm")).length, 1, `one module, which has everything: ${files}`);
  assert.match(text, /workerFromEnv/);
  assert.doesNotMatch(text, /playground/i);
}
