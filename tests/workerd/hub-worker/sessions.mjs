// What tests of the embedded runtime do with a session.

import assert from "node:assert/strict";

export const bounded = { timeout: 180_000 };

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
