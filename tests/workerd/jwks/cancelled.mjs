// The keys of a provider inside workerd, where a promise or a timer may end with the request that made it, whichever driver asks
// for them: requests that are cancelled while they fetch, or wait for another's fetch.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { isOutage, provider, times, worker } from "./provider.mjs";

/** A request whose client goes away, by a reset, as soon as `isTime` says so. */
export async function leave(name, token, isTime) {
  const client = httpRequest(`${worker.url}/verify?name=${encodeURIComponent(name)}`, {
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  });
  client.on("error", () => {});
  client.end();
  while (!(await isTime())) await new Promise((resolve) => setTimeout(resolve, 5));
  if (client.socket) client.socket.resetAndDestroy();
  else client.destroy();
}

/** Tests of the Worker in use: clients that go away. */
export function cancelled() {
  test("the cancelling of the request that owns the fetch leaves no other hanging", async () => {
    const idp = await provider("cancelled");
    const token = idp.token();
    idp.state.stall = 1;
    let others;
    await leave("cancelled", token, async () => {
      // They come while the fetch is under way, and wait for it.
      if (idp.state.stalled.length === 1) others ??= times(5, () => idp.verify(token));
      return (await idp.begun()) >= 6;
    });
    // The owner was given up with its client: workerd closes what it had open.
    await idp.state.stalled[0].closed;
    assert.deepEqual(
      (await others).map(({ status }) => status),
      Array(5).fill(200),
    );
    assert.equal(idp.fetches(), 2, "one of those who waited took over");
    assert.equal((await idp.verify(token)).status, 200);
    assert.equal(idp.fetches(), 2);
  });

  test("who comes after a cancelled fetch doesn't wait for it", async () => {
    const idp = await provider("came after", { frozen: true });
    const token = idp.token();
    idp.state.stall = 1;
    await leave("came after", token, () => idp.state.stalled.length === 1);
    await idp.state.stalled[0].closed;
    // The clock stands still: no patience runs out here.
    assert.deepEqual(
      (await times(5, () => idp.verify(token))).map(({ status }) => status),
      Array(5).fill(200),
    );
    assert.equal(idp.fetches(), 2);
  });

  test("callers that give up in a row cause no storm", async () => {
    const idp = await provider("given up", { frozen: true });
    const token = idp.token();
    idp.state.stall = 2;
    for (let count = 1; count <= 2; count += 1) {
      await leave("given up", token, () => idp.state.stalled.length === count);
      await idp.state.stalled[count - 1].closed;
    }
    // One took over at once; the next has to wait for a cooldown, and so do all until then.
    for (const answer of await times(5, () => idp.verify(token))) isOutage(answer);
    assert.equal(idp.fetches(), 2);
    await idp.pass(5);
    assert.deepEqual(
      (await times(5, () => idp.verify(token))).map(({ status }) => status),
      Array(5).fill(200),
    );
    assert.equal(idp.fetches(), 3);
  });
}
