// The Worker of this folder under wrangler, and what it logs.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { postArc } from "../../lib/arc.mjs";
import { startWrangler } from "../../lib/worker.mjs";

export let worker;
export let url;

before(async () => {
  const config = fileURLToPath(new URL("wrangler.toml", import.meta.url));
  worker = await startWrangler({ DEV_MODE: "true" }, { config });
  url = worker.url;
});

after(() => worker?.close());

export const post = (options) => postArc(url, { token: "good", ...options });

/** The audit lines that are in the log, once `enough` of them are there. */
export async function audit(enough = () => true) {
  for (let attempt = 0; ; attempt += 1) {
    const lines = worker.log.filter((line) => line.startsWith('{"type":"arc.')).map((line) => JSON.parse(line));
    if (enough(lines)) return lines;
    assert.ok(attempt < 600, "the audit lines did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
