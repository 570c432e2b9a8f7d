// A program in Rust obtains tokens at the real provider: TokenManager of the crate, in Node, over the platform's own fetch, timers and
// WebCrypto.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { bindgen, rustConsumer } from "../lib/rust-consumer.mjs";
import { claimsOf, idp, keys, logInAs, SCOPE } from "../lib/token-provider.mjs";

let crate;
let Tokens;
let glue;
let verifier;

before(async () => {
  crate = await rustConsumer({ folder: "tests/e2e/rust-tokens" });
  const folder = join(crate.place, "bound");
  await bindgen(await crate.build("rust_tokens"), folder, { env: crate.env });
  glue = join(folder, "rust_tokens.js");
  ({ Tokens } = createRequire(import.meta.url)(glue));
  verifier = await JwtVerifier.create({ providers: { local: { issuer: idp.issuer, audience: idp.resources[0] } } });
});

after(() => crate?.remove());

const refreshTokenOf = async (client) => (await logInAs(client)).refresh_token;

describe("each source gives a token that the verifier accepts, found by either metadata document", () => {
  const sources = {
    client_secret_basic: () => Tokens.machine(idp.issuer, "basic", "machine-secret", false, SCOPE),
    client_secret_post: () => Tokens.machine(idp.issuer, "post", "machine-secret", true, SCOPE),
    private_key_jwt: () => Tokens.keyed(idp.issuer, "keyed", keys.privateKey, "client-key", SCOPE),
    "refresh_token, public": async () => Tokens.person(idp.issuer, "person", await refreshTokenOf("person")),
    "refresh_token, with a secret": async () =>
      Tokens.person(idp.issuer, "confidential", await refreshTokenOf("confidential"), "person-secret"),
  };
  after(() => idp.setOpenidHidden(false));

  for (const [name, source] of Object.entries(sources)) {
    for (const document of ["OpenID discovery", "RFC 8414"]) {
      test(`${name}, ${document}`, async () => {
        idp.setOpenidHidden(document === "RFC 8414");
        const manager = await source();
        const token = await manager.token();
        assert.deepEqual((await verifier.verify(token)).scopes, [SCOPE]);
        assert.ok(Math.abs(manager.expires_at() - claimsOf(token).exp) <= 2, `${manager.expires_at()}`);
        manager.invalidate(token);
        const next = await manager.token();
        assert.notEqual(next, token);
        await verifier.verify(next);
      });
    }
  }
});

test("rotation with reuse detection: 50 callers at a time, one request, and the grant lives", async () => {
  const first = await refreshTokenOf("person");
  const manager = Tokens.person(idp.issuer, "person", first);
  await manager.token();
  for (let round = 0; round < 5; round += 1) {
    const before = idp.tokens.count;
    const tokens = await Promise.all(Array.from({ length: 50 }, () => manager.fresh()));
    assert.deepEqual([new Set(tokens).size, idp.tokens.count - before], [1, 1]);
  }
  const { refreshToken } = JSON.parse(manager.stored());
  assert.equal((await idp.introspect(refreshToken)).active, true);
  assert.equal((await idp.introspect(first)).active, false);
});

test("a refresh token that was sent before is refused for good", async () => {
  const first = await refreshTokenOf("person");
  await Tokens.person(idp.issuer, "person", first).token();
  const manager = Tokens.person(idp.issuer, "person", first);
  const before = idp.tokens.count;
  for (let call = 0; call < 2; call += 1) {
    await assert.rejects(manager.token(), { name: "ERR_REFRESH_REJECTED invalid_grant" });
  }
  assert.equal(idp.tokens.count - before, 1);
});

test("revoked, neither token is active any more, and nothing is stored", async () => {
  const manager = Tokens.person(idp.issuer, "person-opaque", await refreshTokenOf("person-opaque"));
  const token = await manager.token();
  const { refreshToken } = JSON.parse(manager.stored());
  await manager.revoke();
  for (const one of [token, refreshToken]) assert.equal((await idp.introspect(one)).active, false);
  assert.equal(manager.stored(), undefined);
});

test("a wrong secret is told by the provider's own name for it, without the secret", async () => {
  const manager = Tokens.machine(idp.issuer, "post", "hunter2", true, SCOPE);
  await assert.rejects(manager.token(), (error) => {
    assert.equal(error.name, "ERR_REFRESH_REJECTED invalid_client");
    assert.ok(!error.message.includes("hunter2") && error.message.includes("secret"), error.message);
    return true;
  });
});

test("a process that has a token ends, whatever timer is set for it", async () => {
  const program = `
    const { Tokens } = require(${JSON.stringify(glue)});
    globalThis.manager = Tokens.machine(${JSON.stringify(idp.issuer)}, "post", "machine-secret", true, ${JSON.stringify(SCOPE)});
    manager.token().then((token) => console.log(token.split(".").length));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { timeout: 120_000 });
  assert.equal(stdout.trim(), "3");
});
