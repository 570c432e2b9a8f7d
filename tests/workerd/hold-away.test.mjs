// What a hold in workerd does by itself while its client is away: it comes back, and asks about whom it stands for.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { logged } from "../lib/logged.mjs";
import {
  again,
  both,
  cut,
  event,
  frames,
  nextOf,
  runtime,
  seqs,
  startHolds,
  submitted,
  takenUp,
  worker,
} from "./hold/holds.mjs";

startHolds();

const path = "/alarmed";

test("an object that is gone comes back by its alarm, within 30 s, and goes on with the upstream", async () => {
  const { client, upstream } = await both("alice", path);
  await submitted({ client, upstream });
  event(upstream, 1);
  await frames(client, 1);
  await cut(client);
  // Its alarm has been set once it says this.
  event(upstream, 2);
  while ((await (await fetch(`${worker.url}/longest`)).text()) === "0");
  const longest = Number(await (await fetch(`${worker.url}/longest`)).text());
  assert.ok(longest > 25_000 && longest <= 30_000, `${longest} ms`);
  const coming = takenUp(client.id);
  await worker.kill();
  await worker.start();
  const second = await coming;
  const from = second.hello.payload.resume.last_event_seq;
  assert.ok(from === 1 || from === 2, "what was written is not asked for again");
  for (const seq of [2, 3]) event(second, seq);
  const back = await again(client, 1, { path });
  assert.deepEqual(seqs(await frames(back, 2)), [2, 3]);
  await cut(back);
});

const revoked = async (sub) => revokedBy({ sub });
const revokedBy = async (named) =>
  assert.equal((await fetch(`${worker.url}/revoke?${new URLSearchParams(named)}`)).status, 200);

test("who was revoked while away is not stood for any longer, and not shown at the upstream again", async () => {
  const { client, upstream } = await both("carol", path);
  await cut(client);
  await revoked("carol");
  for (;;) if ((await upstream.next()).closed) break;
  await logged(worker.log, /"reason":"revoked"/);
});

test("a token that is revoked by its id alone is known by it after a restart, and is nowhere on the disk", async () => {
  const claims = { iss: "https://idp.example", sub: "frank", jti: "the token's id" };
  const signature = "c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg";
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
  const { client } = await both(token, path);
  await cut(client);
  const coming = takenUp(client.id);
  await worker.kill();
  for (const file of readdirSync(worker.state, { recursive: true, withFileTypes: true }))
    if (file.isFile()) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(signature), file.name);
  await worker.start();
  const second = await coming;
  await revokedBy({ jti: claims.jti });
  for (;;) if ((await second.next()).closed) break;
  await logged(worker.log, /^(?=.*"reason":"revoked").*frank/);
});

test("who was revoked is asked about before a lost upstream hears of them again", async () => {
  const { client, upstream } = await both("dave", "");
  await cut(client);
  await revoked("dave");
  const coming = runtime.next();
  upstream.socket.terminate();
  const second = await coming;
  assert.ok((await nextOf(second)).closed);
  assert.equal(second.hello, undefined, "nothing was said there");
});

test("who was revoked while connected is left by the hold, too, as soon as the gate has closed", async () => {
  const { client, upstream } = await both("erin", "");
  await revoked("erin");
  assert.equal((await client.toEnd()).code, 4410);
  for (;;) if ((await upstream.next()).closed) break;
});
