// Logging in against the real provider.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startIdp } from "../idp/idp.mjs";
import { app, redirectUri, rejected } from "../lib/login-app.mjs";
import { logIn } from "../lib/person.mjs";
import { create, fails, memoryStorage } from "../lib/token-manager.mjs";

describe("against the real provider", () => {
  let idp;
  before(async () => {
    idp = await startIdp({ origins: [app] });
  });
  after(() => idp.close());
  const web = (more) => ({
    type: "authorization_code",
    issuer: idp.issuer,
    clientId: "demo-web",
    redirectUri,
    scope: "openid arc.agent.caller",
    postLogoutRedirectUri: `${app}/`,
    ...more,
  });

  test("log in, refresh with rotation, log out", async () => {
    let ahead = 0;
    let last;
    const fetch = async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (String(url).endsWith("/token")) last = (await response.clone().json()).refresh_token;
      return response;
    };
    const manager = await create(web(), { fetch, now: () => Date.now() + ahead });
    await assert.rejects(manager.getToken(), fails("ERR_UNAUTHENTICATED"));
    const url = await manager.beginLogin({ returnTo: "/inbox?x#y" });
    assert.ok(url instanceof URL);
    assert.equal(url.searchParams.get("code_challenge_method"), "S256");
    const back = await logIn(url, redirectUri);
    const { claims, returnTo } = await manager.completeLogin(back);
    assert.equal(claims.sub, "alice");
    assert.equal(returnTo, "/inbox?x#y");
    const token = await manager.getToken();
    assert.equal(JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub, "alice");
    const tokens = new Set([token]);
    for (let round = 0; round < 2; round += 1) {
      ahead += 3600_000;
      tokens.add(await manager.getToken());
    }
    assert.equal(tokens.size, 3);
    const end = await manager.logout();
    assert.equal(`${end.origin}${end.pathname}`, `${idp.issuer}/session/end`);
    assert.equal(end.searchParams.get("post_logout_redirect_uri"), `${app}/`);
    assert.ok(end.searchParams.get("id_token_hint"));
    assert.equal(manager.state, "empty");
    await assert.rejects(manager.getToken(), fails("ERR_UNAUTHENTICATED"));
    await assert.rejects(manager.completeLogin(back), rejected("state"));
    // The provider, too, takes the refresh token no more.
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo-web", refresh_token: last });
    assert.equal((await globalThis.fetch(idp.tokenEndpoint, { method: "POST", body })).status, 400);
  });

  test("called twice with the same URL, as React's StrictMode does: one request, one result", async () => {
    let posts = 0;
    const fetch = (url, init) => {
      if (init?.method === "POST") posts += 1;
      return globalThis.fetch(url, init);
    };
    const manager = await create(web(), { fetch });
    const back = await logIn(await manager.beginLogin(), redirectUri);
    const [one, two] = await Promise.all([manager.completeLogin(back), manager.completeLogin(new URL(back))]);
    assert.deepEqual(one, two);
    assert.deepEqual(await manager.completeLogin(back), one);
    assert.equal(one.returnTo, undefined);
    assert.equal(posts, 1);
  });

  test("without a page, a login waits in the storage, beside the tokens", async () => {
    const storage = memoryStorage();
    const first = await create(web(), { storage });
    const [back, other] = [
      await logIn(await first.beginLogin({ returnTo: `${app}/a` }), redirectUri),
      await logIn(await first.beginLogin({ returnTo: "/b" }), redirectUri),
    ];
    assert.equal(storage.tokens.logins.length, 2);
    // Another isolate takes the answer.
    const second = await create(web(), { storage });
    assert.equal((await second.completeLogin(back)).returnTo, "/a");
    assert.equal(storage.tokens.logins.length, 1);
    assert.ok(storage.tokens.accessToken && storage.tokens.refreshToken && storage.tokens.idToken);
    // And a third one goes on with its tokens, but does not take the answer again.
    const third = await create(web(), { storage });
    assert.equal(await third.getToken(), await second.getToken());
    await assert.rejects(third.completeLogin(back), rejected("state"));
    assert.equal((await third.completeLogin(other)).returnTo, "/b");
    assert.equal(storage.tokens.logins, undefined);
    await third.logout();
    assert.equal(storage.tokens, undefined);
  });

  test("attack 24: a code of somebody else's login is of no use", async () => {
    const [victim, attacker] = [await create(web()), await create(web())];
    const theirs = new URL(await logIn(await attacker.beginLogin(), redirectUri, { name: "mallory" }));
    const ours = new URL(await logIn(await victim.beginLogin(), redirectUri));
    ours.searchParams.set("code", theirs.searchParams.get("code"));
    await assert.rejects(victim.completeLogin(ours), rejected("invalid_grant"));
    assert.equal(victim.state, "empty");
    // Nor is a whole answer: it's not one to a login of ours.
    await assert.rejects(victim.completeLogin(theirs), rejected("state"));
  });

  test("attack 24: this provider promises `iss`, so an answer without it is refused", async () => {
    const manager = await create(web());
    const back = new URL(await logIn(await manager.beginLogin(), redirectUri));
    assert.equal(back.searchParams.get("iss"), idp.issuer);
    back.searchParams.delete("iss");
    await assert.rejects(manager.completeLogin(back), rejected("iss"));
  });

  test("the provider's no is named", async () => {
    const manager = await create(web({ authorizationParams: { prompt: "none" } }));
    const back = await logIn(await manager.beginLogin(), redirectUri);
    await assert.rejects(manager.completeLogin(back), rejected("login_required"));
  });
});
