// The Worker of this folder under wrangler, and sessions with its runtime.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../../lib/arcp.mjs";
import { startWrangler } from "../../lib/worker.mjs";

export let worker;
export let url;

before(async () => {
  const config = fileURLToPath(new URL("wrangler.toml", import.meta.url));
  worker = await startWrangler({}, { config });
  url = worker.url.replace("http", "ws");
});

after(() => worker?.close());

export const bounded = { timeout: 60_000 };
export const connect = (who, { path = "/all", ...options } = {}) => session(`${url}${path}?who=${who}`, "", options);

export async function submitted(client, payload) {
  client.say("job.submit", payload);
  const accepted = await client.until("job.accepted");
  return accepted.job_id;
}

/** Frames up to the last one of a job. */
export async function toTheEnd(client, job) {
  for (const frames = []; ; ) {
    const got = await client.next();
    assert.ok(!got.closed, `closed: ${JSON.stringify(got.closed)}`);
    frames.push(got);
    if (got.job_id === job && (got.type === "job.result" || got.type === "job.error")) return frames;
  }
}

export const upTo = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
