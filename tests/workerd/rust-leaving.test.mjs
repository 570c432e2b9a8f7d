// The crate's JwtVerifier inside workerd, where those leave who wait for another request's fetch. workerd says a line for each of them
// when that fetch is over: it had something to go on with, and is not there any more. Nothing else may be said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { leave } from "./jwks/cancelled.mjs";
import { provider, times, use } from "./jwks/provider.mjs";
import { startRust } from "./jwks/start.mjs";

use(startRust, { waitersLeave: true });

const all = (count, status) => Array(count).fill(status);
const statuses = (answers) => answers.map(({ status }) => status);

test("requests that wait for another's fetch are cancelled: neither it nor the others mind", async () => {
  const idp = await provider("leaving", { frozen: true });
  idp.state.stall = 1;
  const owner = idp.verify(idp.token());
  while (idp.state.stalled.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const staying = times(5, () => idp.verify(idp.token()));
  for (let gone = 0; gone < 5; gone += 1) {
    await leave("leaving", idp.token(), async () => (await idp.begun()) >= 7 + gone);
  }
  idp.state.stalled[0].answer();
  assert.equal((await owner).status, 200);
  assert.deepEqual(statuses(await staying), all(5, 200));
  assert.equal(idp.fetches(), 1);
});

test("a storm: requests of many verifiers come and go as they like, and whoever stays gets an answer", async () => {
  const COUNT = 300;
  const idps = [];
  for (let index = 0; index < 5; index += 1) {
    idps.push({ name: `storm ${index}`, idp: await provider(`storm ${index}`, { discovers: index % 2 === 0 }) });
  }
  for (const { idp } of idps) idp.state.stall = 1;
  let staying = [];
  const leaving = [];
  for (let index = 0; index < COUNT; index += 1) {
    const { name, idp } = idps[index % idps.length];
    const token = idp.token(undefined, { sub: `of ${index}` });
    // Every third one goes; how long it stays differs.
    if (index % 3 === 0) {
      const stays = index % 7;
      let turns = 0;
      leaving.push(leave(name, token, () => turns++ >= stays));
    } else staying.push(idp.verify(token));
    if (index === COUNT / 2) for (const { idp } of idps) idp.state.stalled[0]?.answer();
  }
  await Promise.all(leaving);
  staying = await Promise.all(staying);
  assert.deepEqual(statuses(staying), all(staying.length, 200));
  for (const { idp } of idps) assert.equal((await idp.verify(idp.token())).status, 200);
});
