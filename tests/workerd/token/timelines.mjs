// A manager of tokens inside workerd, where a promise or a timer may end with the request that made it, whichever driver it is of:
// how often the token endpoint is asked, and who gets a token. Where time must pass, the manager's clock is set.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../attacks/kit.mjs";
import { begun, hold, leave, make, pass, stateOf, times, token, until } from "./endpoint.mjs";

/** The timelines, as tests of the Worker in use. */
export function timelines() {
  test("a manager made at the global scope: 20 requests at once, one request for a token", async () => {
    const tokens = await times(20, () => token("early"));
    assert.deepEqual(tokens, Array(20).fill("early-1"));
    assert.equal(stateOf("early").count, 1);
    // workerd itself names nobody.
    assert.match(stateOf("early").agents[0], /^arcgate\/\d/);
    // And one isolate served all: the count means something.
    assert.equal((await make("one")).isolate, (await make("another")).isolate);
  });

  test("a token that nears its end is refreshed when it is used, and waitUntil keeps that alive past the answer", async () => {
    const { state } = await make("used");
    assert.equal(await token("used"), "used-1");
    await pass("used", 400);
    assert.equal(await token("used"), "used-1");
    assert.equal(state.count, 1, "nothing is done ahead of the lead");
    await pass("used", 140);
    state.stall = 1;
    // The endpoint holds its answer back, and the caller has its own all the same.
    assert.equal(await token("used", { keep: true }), "used-1");
    await until(() => state.stalled.length === 1);
    assert.equal(await token("used", { keep: true }), "used-1");
    state.stalled[0].answer();
    await state.stalled[0].closed;
    await until(async () => (await token("used")) === "used-2");
    assert.equal(state.count, 2);
  });

  test("a refresh without waitUntil may die with its request: others go on, and get a token", async () => {
    const { state } = await make("dies", { options: { timeoutMs: 1000 } });
    assert.equal(await token("dies"), "dies-1");
    await pass("dies", 540);
    state.stall = 1;
    assert.equal(await token("dies"), "dies-1");
    await pass("dies", 10);
    assert.equal(await token("dies"), "dies-1");
    await pass("dies", 60);
    // Whether the runtime lets it live until its time-out or not.
    await until(async () => /^dies-[23]$/.test(await token("dies")));
    assert.ok(state.count <= 3, `${state.count} requests`);
  });

  test("the cancelling of the request that owns the fetch leaves no other hanging", async () => {
    const { state } = await make("cancelled", { options: { timeoutMs: 1000 } });
    state.stall = 1;
    let others;
    await leave("cancelled", async () => {
      // They come while the fetch is under way, and wait for it.
      if (state.stalled.length === 1) others ??= times(5, () => token("cancelled"));
      return (await begun("cancelled")).begun >= 6;
    });
    // The owner was given up with its client: workerd closes what it had open.
    await state.stalled[0].closed;
    assert.deepEqual(await others, Array(5).fill("cancelled-2"));
    assert.equal(state.count, 2, "one of those who waited took over");
    assert.equal(await token("cancelled"), "cancelled-2");
  });

  test("who comes after a cancelled fetch gets a token too", async () => {
    const { state } = await make("after", { options: { timeoutMs: 1000 } });
    state.stall = 1;
    await leave("after", () => state.stalled.length === 1);
    await state.stalled[0].closed;
    assert.deepEqual(await times(5, () => token("after")), Array(5).fill("after-2"));
    assert.equal(state.count, 2);
  });

  test("with waitUntil, the fetch outlives its cancelled request: the others get its token", async () => {
    const { state } = await make("kept");
    state.stall = 1;
    let others;
    await leave(
      "kept",
      async () => {
        if (state.stalled.length === 1) others ??= times(5, () => token("kept"));
        return (await begun("kept")).begun >= 6;
      },
      { keep: true },
    );
    state.stalled[0].answer();
    assert.deepEqual(await others, Array(5).fill("kept-1"));
    assert.equal(state.count, 1);
  });

  test("a refresh token whose request was cancelled is sent by who comes next, at once and once", async () => {
    const source = { type: "refresh_token", refreshToken: "r0", clientSecret: undefined };
    const { state } = await make("person", { source, options: { timeoutMs: 1000 } });
    state.stall = 1;
    await leave("person", () => state.stalled.length === 1);
    await state.stalled[0].closed;
    assert.deepEqual(await times(5, () => token("person")), Array(5).fill("person-2"));
    assert.equal(state.count, 2);
  });

  test("the cancelling of the request that reads or writes the storage leaves no other hanging", async () => {
    const shelf = { stall: 0, stalled: [], text: "null" };
    const storage = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const done = () => {
          if (request.method === "PUT") shelf.text = body;
          response.end(shelf.text);
        };
        hold(shelf, response, done);
      });
    });
    try {
      const { state } = await make("shelf", { storage: storage.url, options: { timeoutMs: 1000 } });
      // It reads.
      shelf.stall = 1;
      await leave("shelf", () => shelf.stalled.length === 1);
      await shelf.stalled[0].closed;
      assert.deepEqual(await times(3, () => token("shelf")), Array(3).fill("shelf-1"));
      assert.match(shelf.text, /shelf-1/);
      // It writes.
      await pass("shelf", 700);
      state.stall = 1;
      const leaving = leave("shelf", () => shelf.stalled.length === 2);
      await until(() => state.stalled.length === 1);
      shelf.stall = 1;
      state.stalled[0].answer();
      await leaving;
      await shelf.stalled[1].closed;
      assert.deepEqual(await times(3, () => token("shelf")), Array(3).fill("shelf-2"));
      assert.equal(state.count, 2, "what was obtained is not obtained again");
      assert.match(shelf.text, /shelf-2/, "and it is stored");
      assert.ok(!(await begun("shelf")).events.includes("not_stored"));
    } finally {
      await storage.close();
    }
  });
}
