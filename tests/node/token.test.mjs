// TokenManager against the real provider, and against servers that misbehave.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { ArcClient, ArcgateError, TokenManager } from "../../pkg/entry.node.js";
import { startIdp } from "../idp/idp.mjs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const managers = [];
const create = async (source, options) => {
  const manager = await TokenManager.create(source, options);
  managers.push(manager);
  return manager;
};
after(() => {
  for (const manager of managers) manager.close();
});

const fails =
  (code, check = () => true) =>
  (error) => {
    assert.ok(error instanceof ArcgateError, String(error));
    assert.equal(error.code, code, error.message);
    return check(error) ?? true;
  };

/** A fetch that counts, and may fail. */
function counting(fetch = globalThis.fetch) {
  const counted = async (url, init) => {
    if (init?.method === "POST") counted.posts.push({ url: String(url), body: String(init.body), init });
    if (counted.fails) throw new TypeError("fetch failed");
    return fetch(url, init);
  };
  counted.posts = [];
  return counted;
}

describe("against the real provider", () => {
  let idp;
  let keys;
  before(async () => {
    keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "client-key", use: "sig" };
    const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
    idp = await startIdp({
      clients: [
        { ...machine, client_id: "keyed", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [jwk] } },
        {
          ...machine,
          client_id: "od:d id",
          client_secret: "s:e c&r%",
          token_endpoint_auth_method: "client_secret_basic",
        },
      ],
    });
  });
  after(() => idp.close());
  const machine = (more) => ({
    type: "client_credentials",
    issuer: idp.issuer,
    clientId: "demo",
    clientSecret: "demo-secret",
    clientAuth: "client_secret_post",
    scope: "arc.agent.caller",
    ...more,
  });

  test("client_secret_post: a hundred callers, one request, one token that the provider knows", async () => {
    const fetch = counting();
    const events = [];
    const manager = await create(machine(), { fetch, onEvent: (event) => events.push(event) });
    assert.equal(manager.state, "empty");
    assert.equal(manager.expiresAt, undefined);
    const tokens = await Promise.all(Array.from({ length: 100 }, () => manager.getToken()));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(fetch.posts.length, 1);
    assert.equal(manager.state, "valid");
    assert.ok(Math.abs(manager.expiresAt - Date.now() / 1000 - 600) < 5);
    const claims = JSON.parse(Buffer.from(tokens[0].split(".")[1], "base64url"));
    assert.equal(claims.scope, "arc.agent.caller");
    assert.deepEqual(
      events.map(({ type, reason }) => [type, reason]),
      [["refreshed", "initial"]],
    );
    assert.ok(!JSON.stringify(events).includes("eyJ"));
  });

  test("client_secret_basic, with characters that need encoding", async () => {
    const manager = await create(
      machine({ clientId: "od:d id", clientSecret: "s:e c&r%", clientAuth: "client_secret_basic" }),
    );
    assert.match(await manager.getToken(), /^eyJ/);
  });

  test("private_key_jwt, signed with a key that can't be exported", async () => {
    const { clientSecret, clientAuth, ...rest } = machine();
    const manager = await create({ ...rest, clientId: "keyed", privateKey: keys.privateKey, keyId: "client-key" });
    assert.match(await manager.getToken(), /^eyJ/);
    assert.match(await manager.getToken({ forceRefresh: true }), /^eyJ/);
  });

  test("a wrong secret: refused, with the hint, without the secret", async () => {
    const manager = await create(machine({ clientSecret: "hunter2" }));
    await assert.rejects(
      manager.getToken(),
      fails("ERR_REFRESH_REJECTED", (error) => {
        assert.equal(error.details.subject, "invalid_client");
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes("hunter2"));
      }),
    );
    assert.equal(manager.state, "failed");
  });

  test("tokens of 5 seconds over 20: always valid, few requests", async () => {
    const fetch = counting();
    const manager = await create(machine({ clientId: "demo-short" }), { fetch });
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(100)) {
      const { exp } = JSON.parse(Buffer.from((await manager.getToken()).split(".")[1], "base64url"));
      assert.ok(exp * 1000 > Date.now(), "an expired token was handed out");
    }
    assert.ok(fetch.posts.length >= 4 && fetch.posts.length <= 9, `${fetch.posts.length} requests`);
  });

  test("revoke: the provider is told, and the next token is a new one", async () => {
    const fetch = counting();
    const events = [];
    const manager = await create(machine(), { fetch, onEvent: ({ type }) => events.push(type) });
    const token = await manager.getToken();
    // This provider answers for opaque tokens only; a JWT is not its to revoke, and it says so.
    await manager.revoke().catch(fails("ERR_REFRESH_REJECTED"));
    assert.equal(fetch.posts.at(-1).url, `${idp.issuer}/token/revocation`);
    assert.match(fetch.posts.at(-1).body, new RegExp(`token=${token}`));
    assert.equal(manager.state, "empty");
    assert.notEqual(await manager.getToken(), token);
  });
});

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
    let kept;
    let usedBefore;
    const storage = {
      get: async () => kept,
      put: async (tokens) => {
        usedBefore = one.state;
        await sleep(20);
        kept = structuredClone(tokens);
      },
      delete: async () => {
        kept = undefined;
      },
    };
    const one = await create(person(), { storage });
    assert.equal(await one.getToken(), "a1");
    assert.equal(usedBefore, "refreshing");
    assert.equal(kept.refreshToken, "r1");
    const two = await create(person(), { storage });
    assert.equal(await two.getToken(), "a1");
    assert.equal(requests.length, 1);
    await sleep(2100);
    assert.equal(await two.getToken({ forceRefresh: true }), "a2");
    assert.equal(kept.refreshToken, "r2");
    await two.revoke().catch(() => {});
    assert.equal(kept, undefined);
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
    const manager = await create(person(), { onEvent: (event) => events.push(event) });
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
    assert.ok(Math.abs(manager.expiresAt - Date.now() / 1000 - 60) < 2);
  });

  test("503 with Retry-After: callers are told, the provider is left alone", async () => {
    fresh();
    answer = (response) => json(response, 503, {}, { "retry-after": "2" });
    const manager = await create(person());
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
    await sleep(2100);
    assert.equal(await manager.getToken(), "a1");
  });

  test("an outage while a token is valid: it goes on being handed out", async () => {
    fresh();
    answer = mint({ expires_in: 6 });
    const manager = await create(person());
    assert.equal(await manager.getToken(), "a1");
    answer = (response) => response.destroy();
    for (const end = Date.now() + 4500; Date.now() < end; await sleep(50)) assert.equal(await manager.getToken(), "a1");
    assert.ok(requests.length <= 5, `${requests.length} requests`);
    await sleep(1100);
    await assert.rejects(manager.getToken(), fails("ERR_REFRESH_UNAVAILABLE"));
  });

  test("a caller that gives up takes nobody with it, and the request goes on", async () => {
    fresh();
    answer = (response) => setTimeout(mint(), 300, response);
    const manager = await create(person());
    const controller = new AbortController();
    const first = manager.getToken({ signal: controller.signal });
    const second = manager.getToken();
    setTimeout(() => controller.abort(new Error("bored")), 50);
    await assert.rejects(first, fails("ERR_ABORTED"));
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

describe("a forced refresh", () => {
  const source = {
    type: "client_credentials",
    tokenEndpoint: "http://127.0.0.1/token",
    clientId: "c",
    clientSecret: "s",
  };
  // An endpoint that answers when the test says so, and a clock that stands still: order alone tells what came first.
  const held = () => {
    const answers = [];
    let sent = () => {};
    const fetch = (_url, { headers }) =>
      new Promise((resolve) => {
        assert.ok(headers.authorization);
        answers.push(() => resolve(Response.json({ access_token: `t${answers.length}`, expires_in: 3600 })));
        sent();
      });
    const count = async (wanted) => {
      while (answers.length < wanted) await new Promise((resolve) => (sent = resolve));
    };
    return { fetch, answers, count, now: () => 1_800_000_000_000 };
  };

  test("callers at the same time share one request; who comes during it joins the one next", async () => {
    const { fetch, answers, count, now } = held();
    const manager = await create(source, { fetch, now });
    const first = Array.from({ length: 20 }, () => manager.getToken({ forceRefresh: true }));
    await count(1);
    const late = Array.from({ length: 20 }, () => manager.getToken({ forceRefresh: true }));
    const calm = manager.getToken();
    answers[0]();
    assert.deepEqual(new Set(await Promise.all([...first, calm])), new Set(["t1"]));
    await count(2);
    answers[1]();
    assert.deepEqual(new Set(await Promise.all(late)), new Set(["t2"]));
    assert.equal(answers.length, 2);
  });

  test("a token that came a moment ago was asked for before the call, and so was one that is on its way", async () => {
    const { fetch, answers, count, now } = held();
    const manager = await create(source, { fetch, now });
    const calm = manager.getToken();
    await count(1);
    const forced = manager.getToken({ forceRefresh: true });
    answers[0]();
    assert.equal(await calm, "t1");
    await count(2);
    answers[1]();
    assert.equal(await forced, "t2");
    const again = manager.getToken({ forceRefresh: true });
    await count(3);
    answers[2]();
    assert.equal(await again, "t3");
    assert.equal(await manager.getToken(), "t3");
  });
});

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
    const manager = await create({
      type: "callback",
      async fetchToken({ reason, signal }) {
        assert.ok(signal instanceof AbortSignal);
        reasons.push(reason);
        if (fail) throw new Error("login_required");
        await sleep(10);
        return `c${reasons.length}`;
      },
    });
    const tokens = await Promise.all(Array.from({ length: 30 }, () => manager.getToken()));
    assert.deepEqual([...new Set(tokens)], ["c1"]);
    manager.invalidate("c1");
    assert.equal(await manager.getToken(), "c2");
    fail = true;
    manager.invalidate("c2");
    await sleep(4100);
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
