// The keys of a provider inside workerd, whichever driver asks for them: how often the provider is asked, and who gets which
// answer. Counts and order only; where time must pass, the verifier's clock is set.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeKey } from "../../attacks/kit.mjs";
import { isOutage, provider, times } from "./provider.mjs";

/** The timelines, as tests of the Worker in use. */
export function timelines() {
  test("20 requests at once, cold: one fetch, and all are let in", async () => {
    const idp = await provider("cold");
    const answers = await times(20, () => idp.verify(idp.token()));
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    );
    assert.equal(idp.fetches(), 1);
    // And one isolate served all: the count means something.
    const again = await provider("cold again");
    assert.equal(again.isolate, idp.isolate);
  });

  test("10 tokens with unknown kids: one fetch, none of them let in, and nobody else kept out", async () => {
    const idp = await provider("unknown");
    await idp.verify(idp.token());
    await idp.pass(60);
    const before = idp.fetches();
    const answers = await times(10, () => idp.verify(idp.unknown()));
    for (const answer of answers)
      assert.ok(["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"].includes(answer.code), JSON.stringify(answer));
    assert.ok(idp.fetches() - before <= 1, `${idp.fetches() - before} fetches`);
    // While fetches are rationed, an unknown kid is no verdict: come again.
    isOutage(await idp.verify(idp.unknown()));
    assert.ok(idp.fetches() - before <= 1);
    assert.equal((await idp.verify(idp.token())).status, 200);
  });

  test("a rotated key is let in within 5 s and one fetch, while random kids arrive at 50 a second", async () => {
    const old = makeKey("ES256", "old");
    const idp = await provider("rotation", { keys: [old], frozen: true });
    assert.equal((await idp.verify(idp.token(old))).status, 200);
    const fresh = makeKey("ES256", "fresh");
    const [oldToken, freshToken] = [idp.token(old), idp.token(fresh)];
    const STEP_MS = 20;
    const ROTATED = 7_010;
    const fetchedAt = [];
    let accepted;
    for (let at = STEP_MS; at <= 20_000; at += STEP_MS) {
      if (at > ROTATED) idp.state.keys = [old, fresh];
      const before = idp.fetches();
      const random = await idp.verify(idp.unknown(), { passMs: STEP_MS });
      assert.ok([401, 503].includes(random.status), JSON.stringify(random));
      if (at > ROTATED && accepted === undefined) {
        const answer = await idp.verify(freshToken);
        if (answer.status === 200) accepted = at;
        else isOutage(answer);
      }
      if (at % 500 === 0) assert.equal((await idp.verify(oldToken)).status, 200, "known keys go on working");
      for (let count = before; count < idp.fetches(); count += 1) fetchedAt.push(at);
    }
    assert.ok(accepted - ROTATED <= 5_000 + STEP_MS, `accepted ${accepted - ROTATED} ms after the rotation`);
    // The first was made when the verifier was: not more than one in any 5 s from then on, and not fewer than are allowed.
    assert.deepEqual(fetchedAt, [5_000, 10_000, 15_000, 20_000]);
  });

  test("a provider that answers 503, cold: one fetch a backoff window, and every caller is told when to come again", async () => {
    const idp = await provider("down");
    idp.state.status = 503;
    for (const answer of await times(10, () => idp.verify(idp.token()))) isOutage(answer);
    assert.equal(idp.fetches(), 1);
    // Each window is twice as long as the one before, up to a minute: 5, 10, 20, 40, 60, 60 s.
    let expected = 1;
    for (const window of [5, 10, 20, 40, 60, 60]) {
      await idp.pass(window * 0.7);
      for (const answer of await times(5, () => idp.verify(idp.token()))) isOutage(answer);
      assert.equal(idp.fetches(), expected, `within a window of ${window} s`);
      await idp.pass(window * 0.3 + 0.1);
      for (const answer of await times(5, () => idp.verify(idp.token()))) isOutage(answer);
      expected += 1;
      assert.equal(idp.fetches(), expected, `after a window of ${window} s`);
    }
    // It comes back, and so does everybody.
    idp.state.status = 200;
    await idp.pass(61);
    assert.deepEqual(
      (await times(5, () => idp.verify(idp.token()))).map(({ status }) => status),
      Array(5).fill(200),
    );
    assert.equal(idp.fetches(), expected + 1);
  });

  test("the provider's own Retry-After is kept to", async () => {
    const idp = await provider("asked");
    Object.assign(idp.state, { status: 429, headers: { "retry-after": "90" } });
    const answer = await idp.verify(idp.token());
    isOutage(answer);
    assert.ok(answer.retryAfter > 60 && answer.retryAfter <= 90, `${answer.retryAfter}`);
    await idp.pass(80);
    isOutage(await idp.verify(idp.token()));
    assert.equal(idp.fetches(), 1);
    await idp.pass(11);
    isOutage(await idp.verify(idp.token()));
    assert.equal(idp.fetches(), 2);
  });

  test("known keys outlive an outage, for a bounded time, and the provider is asked once a window", async () => {
    const idp = await provider("outage", { options: { tokenCache: false } });
    const token = idp.token();
    assert.equal((await idp.verify(token)).status, 200);
    idp.state.status = 503;
    const MINUTES = 80;
    let refused;
    for (let minute = 1; minute <= MINUTES; minute += 1) {
      await idp.pass(60);
      const before = idp.fetches();
      for (const answer of await times(3, () => idp.verify(token))) {
        if (answer.status === 200) assert.equal(refused, undefined);
        else {
          isOutage(answer);
          refused ??= minute;
        }
      }
      assert.ok(idp.fetches() - before <= 1, `${idp.fetches() - before} fetches in minute ${minute}`);
    }
    // Ten minutes of age and an hour of grace.
    assert.ok(refused >= 69 && refused <= 71, `refused from minute ${refused} on`);
    idp.state.status = 200;
    await idp.pass(61);
    assert.equal((await idp.verify(token)).status, 200);
  });

  test("a key that was removed stops working when the set's age is over, remembered tokens included", async () => {
    const [stays, goes] = [makeKey("ES256", "stays"), makeKey("ES256", "goes")];
    const idp = await provider("removed", { keys: [stays, goes], options: { jwksCache: { maxAgeSec: 120 } } });
    const token = idp.token(goes);
    assert.equal((await idp.verify(token)).status, 200);
    idp.state.keys = [stays];
    // Within the age nobody has to ask, and nobody does.
    await idp.pass(60);
    assert.equal((await idp.verify(token)).status, 200);
    assert.equal(idp.fetches(), 1);
    await idp.pass(61);
    const answer = await idp.verify(token);
    assert.deepEqual([answer.status, answer.code], [401, "ERR_KEY_NOT_FOUND"]);
    assert.equal((await idp.verify(idp.token(stays))).status, 200);
    assert.equal(idp.fetches(), 2);
    // Asked again and again, it causes one fetch a cooldown, and stays refused.
    for (let round = 0; round < 5; round += 1) assert.ok([401, 503].includes((await idp.verify(token)).status));
    assert.ok(idp.fetches() <= 3);
  });

  test("a set that nears its end is refreshed beside, without anybody waiting", async () => {
    const idp = await provider("aging");
    assert.equal((await idp.verify(idp.token())).status, 200);
    await idp.pass(500);
    // The provider holds its answer back, and the caller has its own all the same.
    idp.state.stall = 1;
    assert.equal((await idp.verify(idp.token(), { path: "/verify-on" })).status, 200);
    while (idp.state.stalled.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await idp.verify(idp.token(), { path: "/verify-on" })).status, 200);
    assert.equal(idp.fetches(), 2);
    idp.state.stalled[0].answer();
    await idp.state.stalled[0].closed;
    // From here on the newer set counts: 300 s later the first one would be past its age.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await idp.pass(300);
    assert.equal((await idp.verify(idp.token())).status, 200);
    assert.equal(idp.fetches(), 2);
  });

  test("refreshes without waitUntil harm nobody, even if they die with their requests", async () => {
    const idp = await provider("died");
    assert.equal((await idp.verify(idp.token())).status, 200);
    for (let round = 0; round < 6; round += 1) {
      await idp.pass(round === 0 ? 490 : 25);
      assert.equal((await idp.verify(idp.token())).status, 200, `round ${round}`);
    }
    await idp.pass(1000);
    assert.deepEqual(
      (await times(5, () => idp.verify(idp.token()))).map(({ status }) => status),
      Array(5).fill(200),
    );
  });
}
