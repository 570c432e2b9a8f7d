// createFetch against real servers: what a 401 leads to, and what a signal ends.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createFetch } from "../../pkg/client.node.js";
import { bad, counting, only, startServers } from "../lib/bearer-servers.mjs";
import { create } from "../lib/token-manager.mjs";

let api;
let other;
let seen;
let servers;
before(async () => {
  servers = await startServers();
  ({ api, other, seen } = servers);
});
after(() => servers.close());
beforeEach(() => servers.reset());

describe("after a 401", () => {
  test("one more try, with a token that was asked for since", async () => {
    const { manager, reasons } = await counting();
    const authorized = createFetch(manager, { origins: [api] });
    servers.answers["/"] = only("t2");
    const input = new Request(api, { method: "POST", body: "kept" });
    const response = await authorized(input);
    assert.deepEqual([response.status, await response.text()], [200, "kept"]);
    assert.deepEqual(servers.bearers(), ["Bearer t1", "Bearer t2"]);
    assert.deepEqual(
      seen.map(({ body }) => body),
      ["kept", "kept"],
    );
    assert.deepEqual(reasons, ["initial", "forced"]);
  });

  test("ten calls at once cost one refresh", async () => {
    const { manager, reasons } = await counting();
    const authorized = createFetch(manager, { origins: [api] });
    servers.answers["/"] = only("t2");
    const all = await Promise.all(Array.from({ length: 10 }, () => authorized(api)));
    assert.deepEqual([...new Set(all.map(({ status }) => status))], [200]);
    assert.equal(reasons.length, 2);
  });

  for (const [name, status, headers, tries] of [
    ["without a challenge", 401, {}, 2],
    ["with another scheme's beside", 401, { "www-authenticate": 'Basic realm="x", Bearer error="invalid_token"' }, 2],
    ["insufficient_scope", 401, { "www-authenticate": 'Bearer error="insufficient_scope", scope="a"' }, 1],
    ["of another scheme", 401, { "www-authenticate": 'Basic realm="x"' }, 1],
    ["403", 403, bad, 1],
  ]) {
    test(`${name}: ${tries} in all`, async () => {
      const { manager } = await counting();
      servers.answers["/"] = () => [status, headers];
      assert.equal((await createFetch(manager, { origins: [api] })(api)).status, status);
      assert.equal(seen.length, tries);
    });
  }

  test("of another origin that a redirect led to there is no second try", async () => {
    const { manager } = await counting();
    servers.answers = { "/away": () => [307, { location: `${other}/no` }], "/no": () => [401] };
    assert.equal((await createFetch(manager, { origins: [api] })(`${api}/away`)).status, 401);
    assert.deepEqual(servers.bearers(), ["Bearer t1", undefined]);
  });

  test("nor of this one, where the way back led over another and the token stayed behind", async () => {
    const { manager } = await counting();
    servers.answers = {
      "/away": () => [307, { location: `${other}/bounce` }],
      "/bounce": () => [307, { location: `${api}/no` }],
      "/no": () => [401],
    };
    assert.equal((await createFetch(manager, { origins: [api] })(`${api}/away`)).status, 401);
    assert.deepEqual(servers.bearers(), ["Bearer t1", undefined, undefined]);
  });

  test("a body that is a stream is sent once; any other as often as it is needed", async () => {
    servers.answers["/"] = () => [401, bad];
    const send = async (body) => {
      seen.length = 0;
      // One that is refused token after token takes its time.
      const { manager } = await counting();
      const authorized = createFetch(manager, { origins: [api] });
      await authorized(api, { method: "POST", body, duplex: "half" });
      return seen.map((request) => request.body);
    };
    assert.deepEqual(await send(new Blob(["x"]).stream()), ["x"]);
    const pieces = (async function* () {
      yield new TextEncoder().encode("y");
    })();
    assert.deepEqual(await send(pieces), ["y"]);
    const form = new FormData();
    form.set("a", "1");
    for (const body of ["x", new URLSearchParams("x"), new Blob(["x"]), new TextEncoder().encode("x"), form]) {
      assert.equal((await send(body)).length, 2);
    }
  });

  test("a token that can't be renewed, or is the same again, leaves the server's answer", async () => {
    servers.answers["/"] = () => [401, bad];
    for (const token of ["t", () => "t"]) {
      seen.length = 0;
      const response = await createFetch(token, { origins: [api] })(api);
      assert.deepEqual([response.status, await response.text(), seen.length], [401, "ok", 1]);
    }
    // A source that fails then: the answer is what there is, and the token is nobody else's loss.
    let isDown = false;
    const manager = await create({
      type: "callback",
      fetchToken: () => {
        if (isDown) throw new Error("down");
        isDown = true;
        return "t1";
      },
    });
    const authorized = createFetch(manager, { origins: [api] });
    assert.deepEqual([(await authorized(api)).status, (await authorized(api)).status], [401, 401]);
    assert.deepEqual([manager.state, await manager.getToken()], ["valid", "t1"]);
  });
});

describe("a signal", () => {
  test("ends the wait for a token, for another one, and the request, each with its reason", async () => {
    const reason = new Error("enough");
    const never = createFetch(() => new Promise(() => {}), { origins: [api] });
    for (const make of [(signal) => never(api, { signal }), (signal) => never(new Request(api, { signal }))]) {
      const abort = new AbortController();
      const call = make(abort.signal);
      abort.abort(reason);
      await assert.rejects(call, (thrown) => thrown === reason);
    }
    assert.equal(seen.length, 0);
    await assert.rejects(never(api, { signal: AbortSignal.abort() }), { name: "AbortError" });
    servers.answers["/"] = () => [401, bad];
    const abort = new AbortController();
    let asked = 0;
    const slow = () => {
      asked += 1;
      if (asked <= 2) return "t1";
      abort.abort(reason);
      return new Promise(() => {});
    };
    const call = createFetch(slow, { origins: [api] })(api, { signal: abort.signal });
    await assert.rejects(call, (thrown) => thrown === reason);
    assert.equal(seen.length, 1);
  });
});
