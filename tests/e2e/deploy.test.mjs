// What is deployed by whoever has installed the package: the example's six lines. A clone of the repository is tried by
// `npm test -- packaging`.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { postArc } from "../lib/arc.mjs";
import { session } from "../lib/arcp.mjs";
import { checkDeployed, dryRun } from "../lib/dry-run.mjs";
import { exampleFolder } from "../lib/examples.mjs";
import { startWrangler } from "../lib/worker.mjs";

test("gate-worker: six lines are a gate", async () => {
  const { folder, remove } = exampleFolder("gate-worker");
  try {
    const options = { config: join(folder, "wrangler.toml"), cwd: folder, persistTo: join(folder, "state") };
    const worker = await startWrangler({ STATIC_TOKENS: { own: "alice" } }, options);
    try {
      assert.equal((await fetch(`${worker.url}/readyz`)).status, 200);
      assert.equal((await postArc(worker.url)).status, 401);
      assert.equal((await postArc(worker.url, { token: "own" })).status, 200);
      const client = await session(`${worker.url.replace("http", "ws")}/arcp`, "own");
      client.say("job.submit", { agent: "echo", input: 1 });
      assert.equal((await client.next("job.accepted")).type, "job.accepted");
      await client.close();
    } finally {
      await worker.close();
    }
    checkDeployed(await dryRun(folder));
  } finally {
    remove();
  }
});
