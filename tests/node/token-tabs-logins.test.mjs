// Logins as pages have them, with others of the same origin beside: what a tab knows of the login in another, managers of one client
// with several scopes, and requests that one person began and another would repeat. At the real provider.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startIdp } from "../idp/idp.mjs";
import { bad, startServers } from "../lib/bearer-servers.mjs";
import { logIn } from "../lib/person.mjs";

// A page, as far as a login sees one; the package looks when it is loaded.
const kept = new Map();
globalThis.document = { addEventListener() {}, removeEventListener() {}, baseURI: "http://127.0.0.1:8787/" };
globalThis.location = {};
globalThis.sessionStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, text) => kept.set(key, text),
  removeItem: (key) => kept.delete(key),
};
const { createFetch } = await import("../../pkg/client.node.js");
const { app, redirectUri, rejected } = await import("../lib/login-app.mjs");
const { create, fails } = await import("../lib/token-manager.mjs");

let idp;
let servers;
before(async () => {
  [idp, servers] = [await startIdp({ origins: [app] }), await startServers()];
});
after(async () => {
  servers?.close();
  await idp?.close();
});

const web = (more) => ({
  type: "authorization_code",
  issuer: idp.issuer,
  clientId: "demo-web",
  redirectUri,
  scope: "openid arc.agent.caller",
  ...more,
});

const answerTo = async (url, name) => logIn(url, redirectUri, { name });

async function logInAs(manager, name) {
  return manager.completeLogin(await answerTo(await manager.beginLogin(), name));
}

/** Until what a listener hears is so. */
const until = (manager, isSo) =>
  new Promise((resolve) => {
    const end = manager.subscribe((standing) => {
      if (!isSo(standing)) return;
      end();
      resolve(standing);
    });
  });

describe("a tab beside", () => {
  test("knows at once who is logged in in another, and asks the provider nothing", async () => {
    const first = await create(web({ audience: "a" }), { shareAcrossTabs: true });
    await logInAs(first, "alice");
    const fetch = () => assert.fail("nothing is sent");
    const beside = await create(web({ audience: "a" }), { shareAcrossTabs: true, fetch });
    assert.deepEqual([beside.claims?.sub, beside.state], ["alice", "valid"]);
    assert.equal(await beside.getToken(), await first.getToken());
  });

  test("hears when the login is refused for good: nobody is logged in, and nothing goes out in their name", async () => {
    let isRefused = false;
    const fetch = (url, init) =>
      isRefused ? Response.json({ error: "invalid_grant" }, { status: 400 }) : globalThis.fetch(url, init);
    const options = { shareAcrossTabs: true, storage: "session", fetch };
    const first = await create(web({ audience: "b" }), options);
    await logInAs(first, "dave");
    const beside = await create(web({ audience: "b" }), options);
    assert.equal(beside.claims?.sub, "dave");
    isRefused = true;
    const told = until(beside, ({ claims }) => claims === undefined);
    await assert.rejects(first.getToken({ forceRefresh: true }), fails("ERR_REFRESH_REJECTED"));
    assert.equal((await told).state, "failed");
    for (const manager of [first, beside]) {
      assert.deepEqual([manager.claims, manager.state, manager.expiresAt], [undefined, "failed", undefined]);
      await assert.rejects(manager.getToken(), fails("ERR_REFRESH_REJECTED"));
    }
    const next = await create(web({ audience: "b" }), options);
    assert.deepEqual([next.claims, next.state], [undefined, "empty"]);
  });
});

describe("managers of one client", () => {
  test("with several scopes have logins that wait side by side, and an answer may be offered to each", async () => {
    const [one, other] = [await create(web()), await create(web({ scope: "openid arc.task.controller" }))];
    const urls = [await one.beginLogin(), await other.beginLogin()];
    const answers = await Promise.all(urls.map((url) => answerTo(url, "carol")));
    // Whose an answer is, nobody can see.
    await assert.rejects(one.completeLogin(answers[1]), rejected("state"));
    assert.equal((await other.completeLogin(answers[1])).claims.sub, "carol");
    assert.equal((await one.completeLogin(answers[0])).claims.sub, "carol");
  });

  test("without `openid` ask for an access token, and say of nobody who it is", async () => {
    const manager = await create(web({ scope: "arc.agent.caller" }));
    const url = await manager.beginLogin();
    assert.deepEqual([url.searchParams.has("nonce"), url.searchParams.has("state")], [false, true]);
    assert.deepEqual(await manager.completeLogin(await answerTo(url, "alice")), {});
    assert.deepEqual([manager.claims, manager.state], [undefined, "valid"]);
  });
});

test("a request that one person began is not repeated in the name of another", async () => {
  const manager = await create(web());
  await logInAs(manager, "alice");
  const alices = await manager.getToken();
  const { api, seen } = servers;
  for (const change of [() => logInAs(manager, "bob"), () => manager.setToken(alices)]) {
    servers.reset();
    servers.answers["/order"] = () => [401, bad];
    const fetch = async (input, init) => {
      const answer = await globalThis.fetch(input, init);
      await change();
      return answer;
    };
    const order = { method: "POST", body: "an order" };
    const answer = await createFetch(manager, { origins: [api], fetch })(`${api}/order`, order);
    assert.deepEqual([answer.status, seen.length], [401, 1]);
  }
  // A function says nothing of whose its tokens are; the tokens do.
  const jwt = (sub) => `e30.${Buffer.from(JSON.stringify({ iss: "i", sub })).toString("base64url")}.c2ln`;
  for (const [sub, tries] of [
    ["bob", 1],
    ["alice", 2],
  ]) {
    servers.reset();
    servers.answers["/order"] = () => [401, bad];
    const tokens = [jwt("alice"), `${jwt(sub)}x`];
    await createFetch(() => tokens.shift(), { origins: [api] })(`${api}/order`);
    assert.equal(seen.length, tries);
  }
});

describe("listeners", () => {
  test("hear nothing of what was so when they came", async () => {
    const manager = await create({ type: "callback", fetchToken: () => "t" });
    const all = [];
    manager.subscribe(({ state }) => all.push(`first ${state}`));
    manager.setToken("t1");
    manager.subscribe(({ state }) => all.push(`second ${state}`));
    await undefined;
    assert.deepEqual(all, ["first valid"]);
    manager.invalidate("t1");
    await undefined;
    assert.deepEqual(all, ["first valid", "first empty", "second empty"]);
  });

  test("and readers of a manager that is closed find nobody, and no error", async () => {
    const manager = await create({ type: "static", token: "t" });
    manager.close();
    manager.subscribe(() => assert.fail("nothing changes"))();
    assert.deepEqual([manager.claims, manager.state, manager.expiresAt], [undefined, "empty", undefined]);
    await assert.rejects(manager.getToken(), fails("ERR_ABORTED"));
  });
});

test("a storage that fails is said once in the log, where nobody listens", async (t) => {
  const said = t.mock.method(console, "warn", () => {});
  const fail = () => {
    throw new ReferenceError("env is not defined");
  };
  for (const onEvent of [() => {}, undefined, undefined]) {
    const storage = { get: fail, put: fail, delete: fail };
    const manager = await create({ type: "callback", fetchToken: () => "t0ken" }, { storage, onEvent });
    assert.equal(await manager.getToken(), "t0ken");
    assert.equal(said.mock.callCount(), onEvent ? 0 : 1);
  }
  assert.match(said.mock.calls[0].arguments[0], /storage/);
  assert.doesNotMatch(said.mock.calls[0].arguments[0], /t0ken/);
});
