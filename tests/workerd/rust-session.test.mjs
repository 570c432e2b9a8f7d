// The crate's ArcpClient in workerd: a session belongs to the request that has opened it.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { startWrangler } from "../lib/worker.mjs";
import { ask, sessions } from "./arcp-client/sessions.mjs";
import { troubles } from "./jwks/provider.mjs";
import { startRustWith } from "./jwks/start.mjs";

let gate;
let asker;
before(async () => {
  gate = await startWrangler({ STATIC_TOKENS: { "tok-alice": "alice" } });
  asker = await startRustWith("sessions.js");
});
after(async () => {
  await Promise.all([asker?.close(), gate?.close()]);
  assert.deepEqual(troubles(asker), []);
});

sessions(() => ({ gate, asker }));

const counted = async (name) => {
  const response = await fetch(`${asker.url}/begun`, { method: "POST", body: JSON.stringify({ name }) });
  return Number(await response.text());
};

test("sessions whose clients go away midway take nothing of the others with them", { timeout: 180_000 }, async () => {
  const url = `${gate.url.replace("http", "ws")}/arcp`;
  const leave = async (name) => {
    const client = httpRequest(`${asker.url}/count`, { method: "POST", agent: false });
    client.on("error", () => {});
    client.end(JSON.stringify({ url, token: "tok-alice", to: 1000, delayMs: 20, name }));
    while ((await counted(name)) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    client.socket.resetAndDestroy();
  };
  const staying = Array.from({ length: 5 }, () => ask({ gate, asker }, { delayMs: 20, to: 50 }));
  await Promise.all(Array.from({ length: 5 }, (_, index) => leave(`leaves-${index}`)));
  const later = ask({ gate, asker });
  for (const { status, result } of await Promise.all(staying)) assert.deepEqual([status, result], [200, 50]);
  assert.equal((await later).result, 20);
});
