// A client that leaves in the first milliseconds of its request, in workerd: which ends the request then, with all its timers.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { envelope, postArc } from "../lib/arc.mjs";
import { waitFor } from "../lib/arcp-client.mjs";
import { startWorkerd } from "../lib/bundled-worker.mjs";

const entry = fileURLToPath(new URL("arc-leaving/index.js", import.meta.url));

async function started(t, flags) {
  const worker = await startWorkerd(entry, {}, undefined, { flags });
  t.after(() => worker.close());
  const events = () => worker.log.filter((line) => line.startsWith('{"type":"arc.')).map((line) => JSON.parse(line));
  return {
    ...worker,
    events,
    post: (targetAgent) => postArc(worker.url, { token: "good", body: envelope({ targetAgent }) }),
  };
}

test("its place is free and its end is in the log, where the platform tells that it has gone", async (t) => {
  const { url, events, post } = await started(t, ["enable_request_signal"]);
  const body = JSON.stringify(envelope({ targetAgent: "never" }));
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /arc HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  const told = (wanted) => events().find(({ type }) => type === wanted);
  await waitFor(() => told("arc.request"));
  socket.resetAndDestroy();
  await waitFor(() => told("arc.run"));
  assert.equal(told("arc.run").reason, "client_gone");
  assert.equal((await post("echo")).status, 200);
});

test("a request that is over at once makes no signal where nobody is told, and one where somebody is", async (t) => {
  for (const [flags, expected] of [
    [[], 0],
    [["enable_request_signal"], 1],
  ]) {
    const { url, post } = await started(t, flags);
    await post("echo");
    const before = await (await fetch(`${url}/asked`)).json();
    assert.equal((await post("echo")).status, 200);
    const asked = (await (await fetch(`${url}/asked`)).json()) - before;
    assert.equal(asked > 0, expected > 0, `${flags}`);
  }
});
