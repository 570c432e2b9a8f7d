// What verifies a login's ID token is loaded with the first login, and a login is not lost where that fails.

import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { after, before, test } from "node:test";
import { ready, TokenManager } from "../../pkg/client.node.js";
import { verify } from "../../pkg/platform/modules/verify.js";
import { startIdp } from "../idp/idp.mjs";
import { app, redirectUri } from "../lib/login-app.mjs";
import { logIn } from "../lib/person.mjs";

let idp;
before(async () => {
  idp = await startIdp({ origins: [app] });
});
after(() => idp.close());

test("a login loads the verifier's module, and may be repeated where that fails", async (t) => {
  const { readFileSync } = fs;
  let isShort = true;
  fs.readFileSync = (place, ...options) => {
    if (isShort && String(place).includes("verify")) throw new RangeError("no memory");
    return readFileSync(place, ...options);
  };
  syncBuiltinESMExports();
  t.after(() => {
    fs.readFileSync = readFileSync;
    syncBuiltinESMExports();
  });
  await ready();
  const manager = await TokenManager.create({
    type: "authorization_code",
    issuer: idp.issuer,
    clientId: "demo-web",
    redirectUri,
    scope: "openid arc.agent.caller",
  });
  t.after(() => manager.close());
  const back = await logIn(await manager.beginLogin({ returnTo: "/inbox" }), redirectUri);
  assert.equal(verify.isLoaded, false);
  await assert.rejects(manager.completeLogin(back), { code: "ERR_INTERNAL", retryable: true });
  isShort = false;
  const { claims, returnTo } = await manager.completeLogin(back);
  assert.deepEqual([claims.sub, returnTo], ["alice", "/inbox"]);
  assert.equal(verify.isLoaded, true);
});
