// TokenManager over a token that is given, and over a callback that gives tokens.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ArcClient, TokenManager } from "../../pkg/entry.node.js";
import { create, fails } from "../lib/token-manager.mjs";

describe("static and callback", () => {
  test("a static token is handed out until it is invalidated", async () => {
    const manager = await create({ type: "static", token: "t" });
    assert.equal(await manager.getToken(), "t");
    manager.invalidate("other");
    assert.equal(await manager.getToken(), "t");
    manager.invalidate("t");
    await assert.rejects(
      manager.getToken(),
      fails("ERR_REFRESH_REJECTED", ({ message }) => assert.match(message, /setToken/)),
    );
    manager.setToken("u");
    assert.equal(await manager.getToken(), "u");
    assert.throws(() => manager.setToken("u v"), fails("ERR_CONFIG"));
    manager.close();
    await assert.rejects(manager.getToken(), fails("ERR_ABORTED"));
  });

  test("a callback is called once for many, told why, and its failure is the cause", async () => {
    const reasons = [];
    let fail = false;
    let now = Date.now();
    const source = {
      type: "callback",
      async fetchToken({ reason, signal }) {
        assert.ok(signal instanceof AbortSignal);
        reasons.push(reason);
        if (fail) throw new Error("login_required");
        await turn();
        return `c${reasons.length}`;
      },
    };
    const manager = await create(source, { now: () => now });
    const tokens = await Promise.all(Array.from({ length: 30 }, () => manager.getToken()));
    assert.deepEqual([...new Set(tokens)], ["c1"]);
    manager.invalidate("c1");
    assert.equal(await manager.getToken(), "c2");
    fail = true;
    manager.invalidate("c2");
    now += 4100;
    await assert.rejects(
      manager.getToken(),
      fails("ERR_REFRESH_UNAVAILABLE", ({ cause }) => assert.equal(cause.message, "login_required")),
    );
    assert.deepEqual(reasons, ["initial", "refused", "refused"]);
  });

  test("a callback that says for good that there is no token is believed, with its error as the cause", async () => {
    for (const [thrown, code, subject] of [
      [{ error: "login_required" }, "ERR_REFRESH_REJECTED", "login_required"],
      [{ errorCode: "interaction_required" }, "ERR_REFRESH_REJECTED", "interaction_required"],
      [{ code: "no_tokens_found" }, "ERR_REFRESH_REJECTED", "no_tokens_found"],
      [{ retryable: false }, "ERR_REFRESH_REJECTED", undefined],
      [{ error: "t0ken" }, "ERR_REFRESH_UNAVAILABLE", undefined],
      [{}, "ERR_REFRESH_UNAVAILABLE", undefined],
    ]) {
      const error = Object.assign(new Error("x"), thrown);
      const fetchToken = () => Promise.reject(error);
      const told = fails(code, ({ message, cause, details, retryable }) => {
        assert.equal(cause, error);
        assert.equal(details.subject, subject);
        assert.equal(retryable, code === "ERR_REFRESH_UNAVAILABLE");
        assert.ok(!message.includes("t0ken"));
      });
      await assert.rejects((await create({ type: "callback", fetchToken })).getToken(), told);
      const client = await ArcClient.create({ endpoint: "https://a.example/", requestAgent: "me", token: fetchToken });
      await assert.rejects(client.task.info({ targetAgent: "a", taskId: "1" }), told);
    }
  });

  test("the clock is the one that was given", async () => {
    let now = 1_800_000_000_000;
    let calls = 0;
    const fetchToken = () => {
      calls += 1;
      return { access_token: `c${calls}`, expires_in: 3600 };
    };
    const manager = await create({ type: "callback", fetchToken }, { now: () => now });
    assert.equal(await manager.getToken(), "c1");
    now += 86_400_000;
    assert.equal(await manager.getToken(), "c2");
    now -= 7_200_000;
    assert.equal(await manager.getToken(), "c2");
    assert.equal(calls, 2);
  });

  test("options that are wrong say so at once", async () => {
    const web = { type: "refresh_token", tokenEndpoint: "https://x.example", clientId: "c", refreshToken: "r" };
    const bad = [
      [[undefined], /source/],
      [[{ type: "magic" }], /type/],
      [[{ type: "static", token: "t", tokn: "x" }], /did you mean `token`/],
      [[{ type: "callback", fetchToken: "x" }], /fetchToken/],
      [[{ type: "client_credentials", issuer: "http://x.example", clientId: "c", clientSecret: "s" }], /https/],
      [[{ type: "client_credentials", issuer: "https://x.example", clientId: "c", privateKey: {} }], /CryptoKey/],
      [[{ type: "static", token: "t" }, { refreshLead: 1 }], /refreshLeadSec/],
      [[{ type: "static", token: "t" }, { storage: "disk" }], /storage/],
      [[{ type: "static", token: "t" }, { storage: "encrypted" }], /storage/],
      [[{ type: "static", token: "t" }, { storage: { get() {} } }], /put/],
      [[{ type: "static", token: "t" }, { storage: "session" }], /sessionStorage/],
      [[{ type: "static", token: "t" }, { shareAcrossTabs: true }], /sources that ask a provider/],
      [[web, { shareAcrossTabs: true }], /needs a page/],
      [[web, { shareAcrossTabs: "yes" }], /true or false/],
      [[web, { storage: "encrypted" }], /shareAcrossTabs|needs a page/],
      [[{ type: "static", token: "t" }, { now: 5 }], /now/],
    ];
    for (const [args, message] of bad) {
      await assert.rejects(
        TokenManager.create(...args),
        fails("ERR_CONFIG", (error) => assert.match(error.message, message)),
      );
    }
  });
});
