// The known attacks on JWT verifiers, on the package as it is installed: tokens seen before, many at once, calls from within, traps.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { JwtVerifier, verifyJws } from "../../pkg/entry.node.js";
import * as core from "../../pkg/wasm/verify.js";
import { audience, base64url, claims, issuer, jws, onEvent, refused, secretKey } from "../attacks/kit.mjs";
import {
  es256,
  evil,
  jwks,
  keys,
  local,
  remote,
  rsa,
  secret,
  shared,
  split,
  testThatNothingWasShown,
} from "../attacks/verifiers.mjs";

describe("attack 16: the cache of verified tokens", () => {
  test("attack 16: revocation and the user's own check are asked on every use", async () => {
    let revoked = 0;
    let checked = 0;
    let answer = false;
    const verifier = await local({
      isRevoked: () => {
        revoked += 1;
        return answer;
      },
      checkClaims: () => void (checked += 1),
    });
    const token = jws(rsa, claims());
    for (let round = 1; round <= 3; round += 1) {
      await verifier.verify(token);
      assert.deepEqual([revoked, checked], [round, round]);
    }
    answer = true;
    await refused(verifier.verify(token), "ERR_TOKEN_REVOKED", { token });
    answer = false;
    await verifier.verify(token);
  });

  test("attack 16: scopes are asked on every use", async () => {
    const verifier = await local();
    const token = jws(rsa, claims({ scope: "read" }));
    await verifier.verify(token, { scopes: ["read"] });
    await refused(verifier.verify(token, { scopes: ["read", "write"] }), "ERR_TOKEN_SCOPE", { token });
    await verifier.verify(token);
    await refused(verifier.verify(token, { scopes: ["write"] }), "ERR_TOKEN_SCOPE", { token });
  });

  test("attack 16: nobody can change what somebody else gets", async () => {
    const verifier = await local();
    const token = jws(rsa, claims({ scope: "read", deep: { roles: ["user"] } }));
    const first = await verifier.verify(token);
    first.claims.sub = "root";
    first.claims.deep.roles.push("admin");
    first.scopes.push("write");
    first.header.alg = "none";
    first.principal.id = "root";
    first.principal.scopes?.push?.("write");
    const second = await verifier.verify(token);
    assert.equal(second.claims.sub, "alice");
    assert.deepEqual(second.claims.deep.roles, ["user"]);
    assert.deepEqual(second.scopes, ["read"]);
    assert.deepEqual(second.principal.scopes, ["read"]);
    assert.equal(second.header.alg, "RS256");
    assert.equal(second.principal.id, "alice");
    await refused(verifier.verify(token, { scopes: ["write"] }), "ERR_TOKEN_SCOPE", { token });
  });

  test("attack 16: the bytes of another payload, header or signature are another token", async () => {
    const verifier = await local();
    const token = jws(rsa, claims());
    await verifier.verify(token);
    const [header, payload, good] = token.split(".");
    const root = base64url(claims({ sub: "root" }));
    const bytes = Buffer.from(good, "base64url");
    bytes[0] ^= 1;
    for (const other of [
      `${header}.${root}.${good}`,
      `${base64url({ kid: "rsa", alg: "RS256" })}.${payload}.${good}`,
      `${header}.${payload}.${base64url(bytes)}`,
    ]) {
      await refused(verifier.verify(other), "ERR_TOKEN_SIGNATURE", { token: other });
    }
  });

  test("attack 16: verifiers share nothing", async () => {
    const token = jws(rsa, claims());
    await (await local()).verify(token);
    await refused((await local({}, { audience: "other" })).verify(token), "ERR_TOKEN_AUDIENCE", { token });
    await refused((await local({}, { jwks: { keys: [evil.jwk] } })).verify(token), "ERR_TOKEN_SIGNATURE", { token });
    await refused((await shared()).verify(token), "ERR_TOKEN_ALGORITHM", { token });
  });

  test("attack 16: a token ends with its time and with its key", async () => {
    let now = Date.now();
    let published = [rsa.jwk];
    const verifier = await JwtVerifier.create({
      providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
      now: () => now,
      fetch: async () => Response.json({ keys: published }),
      onEvent,
    });
    const start = Math.floor(now / 1000);
    const short = jws(rsa, claims({ exp: start + 60 }));
    const long = jws(rsa, claims({ exp: start + 7200 }));
    await verifier.verify(short);
    await verifier.verify(long);
    now = (start + 60 + 31) * 1000;
    await refused(verifier.verify(short), "ERR_TOKEN_EXPIRED", { token: short });
    published = [evil.jwk];
    now = (start + 700) * 1000;
    await refused(verifier.verify(long), "ERR_TOKEN_SIGNATURE", { token: long });
    published = [es256.jwk];
    now = (start + 1400) * 1000;
    await refused(verifier.verify(long), "ERR_KEY_NOT_FOUND", { token: long });
  });
});

describe("attack 27: many at once, calls from within, traps", () => {
  test("attack 27: each of many at once gets its own answer", async () => {
    const verifier = await local();
    const hmac = await shared();
    const work = [];
    for (let index = 0; index < 400; index += 1) {
      const key = keys[index % keys.length];
      const id = `user ${index}`;
      const good = jws(key, claims({ sub: id }));
      work.push(verifier.verify(good).then(({ principal }) => assert.equal(principal.id, id)));
      const bad = `${split(jws(key, claims({ sub: `evil ${index}` })))[0]}.${split(good)[1]}`;
      work.push(refused(verifier.verify(bad), "ERR_TOKEN_SIGNATURE", { token: bad }));
      work.push(
        hmac
          .verify(jws(secretKey("HS256", secret), claims({ sub: id })))
          .then(({ claims: { sub } }) => assert.equal(sub, id)),
      );
    }
    await Promise.all(work);
  });

  // All of these run in the middle of a verification. None may put another token's answer in its place.
  for (const caller of ["fetch", "now", "waitUntil"]) {
    test(`attack 27: ${caller} may call the verifier that it belongs to`, async () => {
      const exp = Math.floor(Date.now() / 1000) + 7200;
      const good = jws(rsa, claims({ sub: "alice", exp }));
      const forged = `${split(jws(evil, claims({ sub: "root!", exp })))[0]}.${split(good)[1]}`;
      assert.equal(forged.length, good.length);
      let now = Date.now();
      const calls = [];
      let armed = 0;
      const within = (from) => {
        if (armed === 0 || from !== caller) return;
        const left = armed - 1;
        armed = 0;
        calls.push(verifier.verify(good));
        armed = left;
      };
      const verifier = await JwtVerifier.create({
        providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
        tokenCache: false,
        fetch: async () => {
          within("fetch");
          return Response.json(jwks);
        },
        now: () => {
          within("now");
          return now;
        },
      });
      const waitUntil = () => within("waitUntil");
      await verifier.verify(good);
      for (let round = 0; round < 5; round += 1) {
        // Old enough for a refresh beside the check; for the clock, which is asked between two steps, too old to be used.
        now += caller === "now" ? 700_000 : 500_000;
        const before = calls.length;
        armed = caller === "now" ? 20 : 1;
        await refused(verifier.verify(forged, { waitUntil }), "ERR_TOKEN_SIGNATURE", { token: forged });
        armed = 0;
        assert.ok(calls.length > before, "called from within");
      }
      for (const { principal } of await Promise.all(calls)) assert.equal(principal.id, "alice");
    });
  }

  test("attack 27: after a trap the next call works, on a fresh instance", async () => {
    const { verifier, fetched } = await remote();
    const hmac = await shared();
    await verifier.verify(jws(rsa, claims()));
    // One verification is under way while the module traps.
    const slow = verifier.verify(jws(es256, claims({ jti: "under way" })));
    const pending = hmac.verify(jws(secretKey("HS256", secret), claims()));
    const { recoverFrom } = await import("../../pkg/platform/modules/verify.js");
    const silenced = console.error;
    console.error = () => {};
    try {
      core.trapForTests();
      assert.fail("no trap");
    } catch (thrown) {
      assert.ok(thrown instanceof WebAssembly.RuntimeError, String(thrown));
      assert.equal(recoverFrom(thrown), true);
    } finally {
      console.error = silenced;
    }
    await slow;
    await pending;
    await verifier.verify(jws(rsa, claims()));
    await hmac.verify(jws(secretKey("HS512", secret), claims()));
    await refused(verifier.verify(jws(evil, claims())), "ERR_TOKEN_SIGNATURE");
    // The keys came over: nobody is asked again for what was known.
    assert.equal(fetched.length, 1);
    await verifyJws(jws(rsa, "payload"), rsa.jwk, { algorithms: ["RS256"] });
  });
});

testThatNothingWasShown({ refusals: 400, events: 1000 });
