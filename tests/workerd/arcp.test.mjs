// GET /arcp in workerd: real sockets, and behind the gate a runtime that does what each test says.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { features, frame, hello, rawSocket, session, upgrade } from "../lib/arcp.mjs";
import { startRuntime } from "../lib/scripted-runtime.mjs";
import { startWorkerd } from "./jwks/workerd.mjs";

let runtime;
let worker;
let url;

before(async () => {
  runtime = await startRuntime();
  worker = await startWorkerd(fileURLToPath(new URL("arcp/worker.js", import.meta.url)), {
    define: { UPSTREAM: JSON.stringify(runtime.url) },
  });
  url = worker.url.replace("http", "ws");
});

after(async () => {
  await worker?.close();
  await runtime?.close();
});

const at = (path = "") => `${url}${path}/arcp`;

/** An open session and the connection behind it. */
async function both(token = "alice", path = "", options = {}) {
  const behind = runtime.next();
  const client = await session(at(path), token, options);
  return { client, behind: await behind };
}

test("a session: hello verified, welcome relayed, frames both ways byte for byte", async () => {
  const { client, behind } = await both();
  assert.equal(behind.hello.payload.auth.scheme, "bearer");
  assert.equal(behind.hello.payload.auth.token, `for-${btoa("custom||alice").replaceAll("=", "")}`);
  assert.deepEqual(behind.hello.payload.client, { name: "raw", version: "1" });
  assert.ok(!JSON.stringify(behind.hello).includes('"alice"'), "the client's own token stays here");
  const { payload } = client.welcome;
  assert.equal(client.welcome.session_id, behind.sessionId);
  assert.equal(payload.session_id, behind.sessionId);
  assert.match(payload.accepted_at, /^\d{4}-.*Z$/);
  assert.deepEqual(payload.runtime, { name: "scripted", version: "1" });
  assert.equal(payload.heartbeat_interval_sec, 30);
  assert.deepEqual(payload.capabilities.agents, [{ name: "echo", versions: [] }]);
  assert.deepEqual(
    payload.capabilities.features.toSorted(),
    features.filter((name) => name !== "agent_versions").toSorted(),
  );
  assert.match(payload.resume_token, /^rg1\.[\w-]+\.[\w-]{43}$/);

  const odd = `{ "payload": {"agent":"echo", "n": 1.50e+1, "\\u0061":"\\ud83d\\ude00"},"arcp":"1.1","id":"01JZ0000000000000000000000","type":"job.submit","session_id":"${client.id}","later":[] }`;
  client.send(odd);
  await behind.next();
  assert.equal(behind.texts.at(-1), odd);
  const event = `{"arcp":"1.1", "id":"01JZ0000000000000000000001","type":"job.event","session_id":"${client.id}","job_id":"job_1","event_seq":1,"payload":{"kind":"log","n":10.0}}`;
  const arrived = new Promise((resolve) =>
    client.socket.addEventListener("message", ({ data }) => resolve(data), { once: true }),
  );
  behind.send(event);
  assert.equal(await arrived, event);
  await client.close(1000);
  assert.deepEqual((await behind.next()).closed.code, 1000);
});
