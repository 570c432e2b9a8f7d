// What an application sees of a login: claims that outlive a reload, and listeners that hear of each change. At the real provider.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { webClient } from "../idp/clients.mjs";
import { startIdp } from "../idp/idp.mjs";
import { app, redirectUri, rejected } from "../lib/login-app.mjs";
import { logIn } from "../lib/person.mjs";
import { create, fails, memoryStorage } from "../lib/token-manager.mjs";

let idp;
before(async () => {
  // Of a page that is no program on somebody's machine the provider need not ask each time.
  const page = { ...webClient(["https://page.example"]), client_id: "page", application_type: "web" };
  idp = await startIdp({ origins: [app], clients: [page] });
});
after(() => idp.close());

const web = (more) => ({
  type: "authorization_code",
  issuer: idp.issuer,
  clientId: "demo-web",
  redirectUri,
  scope: "openid arc.agent.caller",
  ...more,
});

async function loggedIn(manager, { begin, ...person } = {}) {
  const url = await manager.beginLogin(begin);
  const back = await logIn(url, url.searchParams.get("redirect_uri"), person);
  return manager.completeLogin(back);
}

/** What a manager's listener has heard, each as `state` and who it is. */
function heard(manager) {
  const all = [];
  const end = manager.subscribe(({ state, claims }) => all.push(claims ? `${state} ${claims.sub}` : state));
  return { all, end };
}

describe("claims", () => {
  test("are there after a login and, with a storage, in the next manager before it has asked anybody", async () => {
    const storage = memoryStorage();
    const first = await create(web(), { storage });
    assert.equal(first.claims, undefined);
    const { claims } = await loggedIn(first);
    assert.equal(claims.sub, "alice");
    assert.deepEqual(first.claims, claims);
    let requests = 0;
    const fetch = (url, init) => {
      requests += 1;
      return globalThis.fetch(url, init);
    };
    const events = [];
    const next = await create(web(), { storage, fetch, onEvent: ({ type }) => events.push(type) });
    assert.deepEqual(next.claims, claims);
    assert.deepEqual([next.state, requests, events], ["valid", 0, ["adopted"]]);
    assert.equal(await next.getToken(), await first.getToken());
    // The same object, that nobody can change for the others.
    assert.ok(Object.is(next.claims, next.claims) && Object.isFrozen(next.claims));
    assert.throws(() => {
      next.claims.sub = "mallory";
    }, TypeError);
    await next.logout();
    assert.equal(next.claims, undefined);
    assert.equal(storage.tokens, undefined);
    assert.equal((await create(web(), { storage })).claims, undefined);
  });

  test("stay over a refresh, and are gone when it is refused for good", async () => {
    let ahead = 0;
    let refuse = false;
    const fetch = (url, init) =>
      refuse && init?.method === "POST"
        ? Response.json({ error: "invalid_grant" }, { status: 400 })
        : globalThis.fetch(url, init);
    const storage = memoryStorage();
    const manager = await create(web(), { storage, fetch, now: () => Date.now() + ahead });
    await loggedIn(manager, { name: "bob" });
    ahead += 3600_000;
    await manager.getToken();
    assert.equal(manager.claims.sub, "bob");
    assert.ok(storage.tokens.idTokenVerified);
    refuse = true;
    await assert.rejects(manager.getToken({ forceRefresh: true }), fails("ERR_REFRESH_REJECTED"));
    assert.equal(manager.claims, undefined);
    assert.equal(storage.tokens, undefined);
  });

  test("a storage that fails, or holds what is not ours, keeps nobody from a manager", async () => {
    const put = async () => {};
    for (const get of [
      () => Promise.reject(new Error("no")),
      async () => null,
      async () => ({ source: "another's", obtainedAt: 1, idToken: "x", idTokenVerified: true }),
      async () => 7n,
    ]) {
      const manager = await create(web(), { storage: { get, put, delete: put } });
      assert.deepEqual([manager.claims, manager.state], [undefined, "empty"]);
    }
  });
});

describe("listeners", () => {
  test("hear of a login, a refresh and a logout; not at once, and not of what is no change", async () => {
    const manager = await create(web());
    const { all, end } = heard(manager);
    await loggedIn(manager);
    // Looking the endpoints up is asking the provider, too.
    assert.deepEqual(all.splice(0), ["refreshing", "empty", "refreshing", "valid alice"]);
    await Promise.all([manager.getToken(), manager.getToken()]);
    assert.deepEqual(all, []);
    await manager.getToken({ forceRefresh: true });
    assert.deepEqual(all.splice(0), ["refreshing alice", "valid alice"]);
    manager.invalidate(await manager.getToken());
    assert.deepEqual(all, [], "never during a call");
    await undefined;
    assert.deepEqual(all.splice(0), ["empty alice"], "a refresh token is left, and so somebody who is logged in");
    await manager.logout();
    // To revoke is asking as well; who it was is forgotten before.
    assert.deepEqual(all.splice(0), ["refreshing", "empty"]);
    end();
    end();
    await loggedIn(manager);
    assert.deepEqual(all, []);
  });

  test("what they get is the manager's own, and stands still", async () => {
    const manager = await create(web());
    let last;
    manager.subscribe((standing) => {
      last = standing;
    });
    await loggedIn(manager);
    assert.ok(Object.isFrozen(last) && last.claims === manager.claims && last.state === manager.state);
  });

  test("one that throws, at once or later, or ends another, harms nobody", async (t) => {
    const said = t.mock.method(console, "error", () => {});
    const manager = await create({ type: "static", token: "t" });
    manager.subscribe(() => {
      throw new Error("a listener's own t0ken");
    });
    manager.subscribe(() => Promise.reject(new Error("later")));
    const { all } = heard(manager);
    const twice = [];
    const listener = ({ state }) => twice.push(state);
    manager.subscribe(() => ends.map((end) => end()));
    const ends = [manager.subscribe(listener), manager.subscribe(listener)];
    manager.invalidate("t");
    await undefined;
    manager.setToken("u");
    await undefined;
    assert.deepEqual([all, twice], [["failed", "valid"], []]);
    assert.equal(said.mock.callCount(), 1, "told once");
    assert.doesNotMatch(String(said.mock.calls[0].arguments), /t0ken/);
    assert.throws(() => manager.subscribe("x"), fails("ERR_CONFIG"));
  });
});

describe("a login's own parameters", () => {
  test("go to the provider, which asks nobody with prompt=none: then it is clear what to do, and where to go on", async () => {
    const page = web({ clientId: "page", redirectUri: "https://page.example/callback" });
    const manager = await create(page);
    const begin = { returnTo: "/inbox?x=1", authorizationParams: { prompt: "none", ui_locales: "de" } };
    const url = await manager.beginLogin(begin);
    assert.deepEqual([url.searchParams.get("prompt"), url.searchParams.get("ui_locales")], ["none", "de"]);
    const jar = new Map();
    const back = await logIn(url, page.redirectUri, { jar });
    await assert.rejects(manager.completeLogin(back), (error) => {
      rejected("login_required")(error);
      const { error: name, returnTo } = error.details;
      assert.deepEqual([name, returnTo, error.retryable], ["login_required", "/inbox?x=1", false]);
      assert.match(error.message, /prompt/);
      return true;
    });
    // Whoever the provider knows is logged in without being asked.
    await loggedIn(manager, { jar, name: "carol" });
    const { claims, returnTo } = await loggedIn(await create(page), { jar, name: "nobody", begin });
    assert.deepEqual([claims.sub, returnTo], ["carol", "/inbox?x=1"]);
  });

  test("max_age is checked: the provider says when it asked", async () => {
    const manager = await create(web());
    const { claims } = await loggedIn(manager, { begin: { authorizationParams: { max_age: "600" } } });
    assert.equal(typeof claims.auth_time, "number");
    for (const max_age of ["soon", "-1", "1.5", ""]) {
      const login = manager.beginLogin({ authorizationParams: { max_age } });
      await assert.rejects(
        login,
        fails("ERR_CONFIG", ({ message }) => assert.match(message, /max_age/)),
      );
    }
  });

  test("those that are the manager's own are refused by name", async () => {
    const manager = await create(web());
    const reserved = ["client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method"];
    for (const name of [...reserved, "response_type", "response_mode", "scope", "request", "request_uri"]) {
      await assert.rejects(
        manager.beginLogin({ authorizationParams: { [name]: "x" } }),
        fails("ERR_CONFIG", ({ message }) => assert.ok(message.includes(`\`${name}\``), message)),
      );
    }
  });
});
