// Managers that share tokens as tabs do, in one process: what one was given is the others' too, also where it can't use the rest.
// (Locks and IndexedDB are browsers' own: tests/browser/tokens.test.mjs.)

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TokenManager } from "../../pkg/entry.node.js";

before(() => {
  globalThis.location = {};
});
after(() => {
  delete globalThis.location;
});

/** A provider that rotates, and takes each refresh token once. */
function rotating(extra = () => ({})) {
  const sent = [];
  const fetch = async (_url, { body }) => {
    const token = new URLSearchParams(body).get("refresh_token");
    const isKnown = token === `r${sent.length}`;
    sent.push(token);
    if (!isKnown) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const answer = { access_token: `t${sent.length}`, expires_in: 3600, refresh_token: `r${sent.length}` };
    return Response.json({ ...answer, ...extra(sent.length) });
  };
  return { fetch, sent };
}

const tab = (clientId, fetch) => {
  const source = { type: "refresh_token", tokenEndpoint: "https://i.example/token", clientId, refreshToken: "r0" };
  return TokenManager.create(source, { fetch, shareAcrossTabs: true });
};

test("a refresh token that came with an answer of no use reaches the other tabs", async () => {
  const { fetch, sent } = rotating((number) => (number === 1 ? { token_type: "DPoP" } : {}));
  const [one, two] = [await tab("useless", fetch), await tab("useless", fetch)];
  await assert.rejects(one.getToken(), { code: "ERR_REFRESH_REJECTED" });
  assert.equal(await two.getToken(), "t2");
  assert.deepEqual(sent, ["r0", "r1"]);
  one.close();
  two.close();
});

test("a forced refresh in one tab is not content with what another asked for before", async () => {
  const { fetch, sent } = rotating();
  const [one, two] = [await tab("forced", fetch), await tab("forced", fetch)];
  assert.equal(await one.getToken(), "t1");
  assert.equal(await two.getToken(), "t1");
  assert.equal(await two.getToken({ forceRefresh: true }), "t2");
  assert.equal(await one.getToken({ forceRefresh: true }), "t3");
  assert.deepEqual(sent, ["r0", "r1", "r2"]);
  one.close();
  two.close();
});
