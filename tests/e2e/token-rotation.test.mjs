// TokenManager against the real provider: rotation with reuse detection. The provider kills a whole grant when a refresh token
// comes a second time.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStorage } from "../lib/token-manager.mjs";
import { claimsOf, create, fails, idp, logInAs, machineSource, personSource, spying } from "../lib/token-provider.mjs";

describe("rotation with reuse detection", () => {
  test("50 callers over 5 refreshes: no refresh token is sent twice, and the grant lives", async () => {
    const spy = spying();
    const storage = memoryStorage();
    let refreshed = 0;
    let enough;
    const over = new Promise((resolve) => {
      enough = resolve;
    });
    const types = new Set();
    const onEvent = ({ type }) => {
      types.add(type);
      if (type === "refreshed") refreshed += 1;
      if (refreshed === 6) enough();
    };
    const source = await personSource("person-4");
    const before = idp.tokens.count;
    const manager = await create(source, { fetch: spy, storage, onEvent });
    let isOver = false;
    over.then(() => {
      isOver = true;
    });
    const caller = async () => {
      while (!isOver) {
        const { exp } = claimsOf(await manager.getToken());
        assert.ok(exp * 1000 > Date.now(), "an expired token was handed out");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await Promise.all(Array.from({ length: 50 }, caller));
    assert.equal(refreshed, 6);
    assert.ok(!types.has("failed"), [...types].join());
    assert.equal(idp.tokens.count - before, 6);
    assert.equal(new Set(spy.sent).size, 6);
    assert.equal((await idp.introspect(storage.tokens.refreshToken)).active, true);
    assert.equal((await idp.introspect(source.refreshToken)).active, false);
    manager.close();
  });

  test("a lost answer: callers are told to wait, and the second attempt is a reuse to this provider: log in again", async () => {
    const events = [];
    const source = await personSource("person");
    const manager = await create(source, { onEvent: (event) => events.push(event) });
    const token = await manager.getToken();
    idp.tokens.loseAnswers(1);
    manager.invalidate(token);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    const [failed] = events.filter(({ type }) => type === "failed");
    assert.equal(failed.final, false);
    // Whoever asks before that instant is told to wait; no request is sent.
    const before = idp.tokens.count;
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    assert.equal(idp.tokens.count, before);
    await new Promise((resolve) => setTimeout(resolve, failed.retryAt * 1000 - Date.now() + 5));
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_REJECTED", "invalid_grant"));
    assert.equal(events.at(-1).final, true);
    assert.equal(idp.tokens.count, before + 1);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_REJECTED", "invalid_grant"));
    assert.equal(idp.tokens.count, before + 1);
    // A new login ends that.
    manager.setToken(await logInAs("person"));
    assert.match(await manager.getToken(), /^eyJ/);
    assert.notEqual(await manager.getToken(), token);
  });

  test("a machine's lost answer costs one more request", async () => {
    const events = [];
    const manager = await create(machineSource("post"), { onEvent: (event) => events.push(event) });
    idp.tokens.loseAnswers(1);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    const { retryAt } = events.at(-1);
    await new Promise((resolve) => setTimeout(resolve, retryAt * 1000 - Date.now() + 5));
    assert.match(await manager.getToken(), /^eyJ/);
  });

  test("somebody else uses an old refresh token: the next refresh is final, and says invalid_grant", async () => {
    const events = [];
    const source = await personSource("person");
    const storage = memoryStorage();
    const manager = await create(source, { storage, onEvent: (event) => events.push(event) });
    const token = await manager.getToken();
    // The thief.
    const body = { grant_type: "refresh_token", client_id: "person", refresh_token: source.refreshToken };
    const theft = await fetch(idp.tokenEndpoint, { method: "POST", body: new URLSearchParams(body) });
    assert.equal((await theft.json()).error, "invalid_grant");
    // What is valid is handed out still; nobody knows of the theft yet.
    assert.equal(await manager.getToken(), token);
    manager.invalidate(token);
    const before = idp.tokens.count;
    const refused = await Promise.allSettled(Array.from({ length: 50 }, () => manager.getToken()));
    for (const { reason } of refused) fails("ERR_REFRESH_REJECTED", "invalid_grant")(reason);
    assert.equal(idp.tokens.count, before + 1);
    const [failed] = events.filter(({ type }) => type === "failed");
    assert.deepEqual([failed.final, failed.retryAt], [true, undefined]);
    assert.equal(storage.tokens, undefined, "what is worth nothing is not kept");
    assert.equal(manager.state, "failed");
  });
});
