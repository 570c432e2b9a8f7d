// TokenManager against token endpoints that misbehave.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { create, fails, memoryStorage } from "../lib/token-manager.mjs";

describe("against a provider that the test plays", () => {
  let server;
  let url;
  let answer;
  let requests = [];
  before(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        requests.push(body);
        answer(response, new URLSearchParams(body));
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}/token`;
  });
  after(() => server.close());

  const json = (response, status, body, headers) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  let minted = 0;
  const mint = (more) => (response) => {
    minted += 1;
    json(response, 200, { access_token: `a${minted}`, token_type: "Bearer", expires_in: 600, ...more });
  };
  const person = (more) => ({ type: "refresh_token", tokenEndpoint: url, clientId: "c", refreshToken: "r0", ...more });
  const fresh = () => {
    requests = [];
    minted = 0;
  };

  /** Rotation with reuse detection: a refresh token counts once. */
  const rotating = () => {
    let current = "r0";
    return (response, form) => {
      if (form.get("refresh_token") !== current) return json(response, 400, { error: "invalid_grant" });
      minted += 1;
      current = `r${minted}`;
      json(response, 200, {
        access_token: `a${minted}`,
        token_type: "Bearer",
        expires_in: 600,
        refresh_token: current,
      });
    };
  };

  test("rotation with reuse detection: each refresh token is used once, by many callers", async () => {
    fresh();
    answer = rotating();
    const manager = await create(person());
    for (const expected of ["a1", "a2"]) {
      const tokens = await Promise.all(Array.from({ length: 20 }, () => manager.getToken()));
      assert.deepEqual([...new Set(tokens)], [expected]);
      manager.invalidate(expected);
    }
    assert.equal(requests.length, 2);
    assert.ok(requests[1].includes("refresh_token=r1"));
  });

  test("a rotated token is stored before it is used; the next process goes on with it", async () => {
    fresh();
    answer = rotating();
    let usedBefore;
    const memory = memoryStorage();
    const put = async (tokens) => {
      usedBefore = one.state;
      await turn();
      await memory.put(tokens);
    };
    const storage = { ...memory, put };
    let now = Date.now();
    const options = { storage, now: () => now };
    const one = await create(person(), options);
    assert.equal(await one.getToken(), "a1");
    assert.equal(usedBefore, "refreshing");
    assert.equal(memory.tokens.refreshToken, "r1");
    const two = await create(person(), options);
    assert.equal(await two.getToken(), "a1");
    assert.equal(requests.length, 1);
    now += 2100;
    assert.equal(await two.getToken({ forceRefresh: true }), "a2");
    assert.equal(memory.tokens.refreshToken, "r2");
    await two.revoke().catch(() => {});
    assert.equal(memory.tokens, undefined);
  });

  test("a storage that fails or hangs keeps nobody from a token", async () => {
    fresh();
    answer = mint();
    const events = [];
    const broken = () => Promise.reject(new Error("quota"));
    const manager = await create(person(), {
      storage: { get: broken, put: broken, delete: broken },
      onEvent: ({ type }) => events.push(type),
    });
    assert.equal(await manager.getToken(), "a1");
    assert.ok(events.includes("not_stored"));
  });

  test("invalid_grant is final; setToken ends that", async () => {
    fresh();
    answer = (response) => json(response, 400, { error: "invalid_grant", error_description: "r0 is no good" });
    const events = [];
    const now = Date.now();
    const manager = await create(person(), { onEvent: (event) => events.push(event), now: () => now });
    for (let round = 0; round < 3; round += 1) {
      await assert.rejects(
        manager.getToken(),
        fails("ERR_REFRESH_REJECTED", ({ details, message }) => {
          assert.equal(details.subject, "invalid_grant");
          assert.ok(!message.includes("r0"));
        }),
      );
    }
    assert.equal(requests.length, 1);
    assert.equal(events.at(-1).final, true);
    manager.setToken({ access_token: "b", expires_in: "60", refresh_token: "s" });
    assert.equal(await manager.getToken(), "b");
    assert.equal(manager.expiresAt, now / 1000 + 60);
  });

  test("503 with Retry-After: callers are told, the provider is left alone", async () => {
    fresh();
    answer = (response) => json(response, 503, {}, { "retry-after": "2" });
    let now = Date.now();
    const manager = await create(person(), { now: () => now });
    await assert.rejects(
      manager.getToken(),
      fails("ERR_REFRESH_UNAVAILABLE", ({ retryable, details }) => {
        assert.equal(retryable, true);
        assert.equal(details.retryAfterSec, 2);
      }),
    );
    for (let call = 0; call < 50; call += 1) await assert.rejects(manager.getToken());
    assert.equal(requests.length, 1);
    answer = mint();
    now += 2100;
    assert.equal(await manager.getToken(), "a1");
  });

  test("an outage while a token is valid: it goes on being handed out", async () => {
    fresh();
    answer = mint({ expires_in: 6 });
    let now = Date.now();
    const manager = await create(person(), { now: () => now });
    assert.equal(await manager.getToken(), "a1");
    answer = (response) => response.destroy();
    for (const end = now + 4500; now < end; now += 50) {
      assert.equal(await manager.getToken(), "a1");
      // Until what it has asked has failed.
      for (; manager.state === "refreshing"; await turn());
    }
    assert.ok(requests.length >= 2 && requests.length <= 5, `${requests.length} requests`);
    now += 1100;
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
  });

  test("a caller that gives up takes nobody with it, and the request goes on", async () => {
    fresh();
    const asked = new Promise((resolve) => {
      answer = resolve;
    });
    const manager = await create(person());
    const controller = new AbortController();
    const first = manager.getToken({ signal: controller.signal });
    const second = manager.getToken();
    const response = await asked;
    controller.abort(new Error("bored"));
    await assert.rejects(first, fails("ERR_ABORTED"));
    mint()(response);
    assert.equal(await second, "a1");
    assert.equal(requests.length, 1);
    await assert.rejects(manager.getToken({ signal: AbortSignal.abort() }), fails("ERR_ABORTED"));
  });

  test("redirects are not followed, and a body without end is not read", async () => {
    fresh();
    answer = (response) => response.writeHead(307, { location: url }).end();
    await assert.rejects((await create(person())).getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
    assert.equal(requests.length, 1);
    answer = (response) => {
      const pump = () => {
        while (!response.destroyed && response.write("x".repeat(65536)));
        if (!response.destroyed) response.once("drain", pump);
      };
      pump();
    };
    await assert.rejects((await create(person())).getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
  });

  test("attack 25: no secret in any error or event", async () => {
    fresh();
    answer = (response) =>
      json(response, 400, { error: "invalid_request", error_description: "hunter2 r0", error_uri: "https://x/?r0" });
    const events = [];
    const source = person({ clientSecret: "hunter2", refreshToken: "hunter3" });
    const manager = await create(source, { onEvent: (event) => events.push(event) });
    const error = await manager.getToken().catch((thrown) => thrown);
    const shown = `${error.stack} ${JSON.stringify(error)} ${error.cause} ${JSON.stringify(events)}`;
    assert.ok(!/hunter/.test(shown), shown);
  });
});
