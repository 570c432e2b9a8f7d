// The examples, as they are written.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../scripts/setup/processes.mjs";
import { exampleFolder } from "../lib/examples.mjs";
import { startBoth, startIdp, startWrangler } from "../lib/worker.mjs";

test("node-script: asks an agent behind the gate with client credentials", async () => {
  const { folder, remove } = exampleFolder("node-script");
  const both = await startBoth();
  try {
    const script = (env) =>
      run(process.execPath, ["index.mjs"], {
        cwd: folder,
        env: { ISSUER: both.idp.issuer, GATE: `${both.origin}/arc`, ...env },
      });
    const { code, stdout, output } = await script();
    assert.equal(code, 0, output);
    assert.deepEqual(stdout.trim().split("\n"), ["COMPLETED hello", "and again"]);
    const refused = await script({ CLIENT_SECRET: "hunter2" });
    assert.equal(refused.code, 1);
    assert.match(refused.output, /ERR_REFRESH_REJECTED.*invalid_client/);
    assert.doesNotMatch(refused.output, /hunter2/);
  } finally {
    await both.close();
    remove();
  }
});

test("cron-worker: a run on the cron calls the other Worker's agent; a cold isolate buys no new token", async () => {
  const idp = await startIdp();
  const { folder, remove } = exampleFolder("cron-worker", { replace: { "http://127.0.0.1:9000": idp.issuer } });
  const config = ["caller", "reports"].map((name) => join(folder, name, "wrangler.toml"));
  const options = { config, cwd: folder, persistTo: join(folder, "state"), ready: "/" };
  try {
    for (const isFirst of [true, false]) {
      const worker = await startWrangler({ CLIENT_SECRET: "demo-secret" }, options);
      try {
        const latest = async () => (await fetch(worker.url)).json();
        const before = await latest();
        assert.equal(before === null, isFirst);
        for (let time = 0; time < 2; time += 1) {
          const response = await fetch(`${worker.url}/cdn-cgi/handler/scheduled`);
          assert.equal(await response.text(), "ok", worker.log.join("\n"));
        }
        const task = await latest();
        assert.equal(task.status, "COMPLETED");
        assert.notEqual(task.taskId, before?.taskId);
        assert.match(task.messages.at(-1).parts[0].content, /^All is well: .*yesterday/);
      } finally {
        await worker.close();
      }
    }
    assert.equal(idp.tokens.count, 1, "four runs, two isolates, one token");
  } finally {
    await idp.close();
    remove();
  }
});
