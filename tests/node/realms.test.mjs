// What comes from another realm: a vm context's classes, and jsdom's, are others than ours, and `instanceof` is false of them.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import vm from "node:vm";
import { JwtVerifier, TokenManager, verifyJws } from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { installed } from "../lib/installed.mjs";

const secret = "0123456789abcdef0123456789abcdef";
const segment = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

async function hs256(claims = {}) {
  // What is installed first may take longer than a token lasts.
  const now = Math.floor(Date.now() / 1000);
  const whole = { iss: "https://issuer.example", aud: "api", sub: "alice", iat: now, exp: now + 60, ...claims };
  const input = `${segment({ alg: "HS256", typ: "JWT" })}.${segment(whole)}`;
  const key = await webcrypto.subtle.importKey("raw", Buffer.from(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return `${input}.${Buffer.from(await webcrypto.subtle.sign("HMAC", key, Buffer.from(input))).toString("base64url")}`;
}

const verifierOf = (bytes, more = {}) =>
  JwtVerifier.create({
    providers: { main: { issuer: "https://issuer.example", audience: "api", secret: bytes } },
    ...more,
  });

const require = createRequire(join(await installed("realms", { jsdom: "27.4.0", undici: "7.19.0" }), "package.json"));
const { JSDOM } = require("jsdom");
const undici = require("undici");
const context = vm.createContext({ URL: undefined });
const window = new JSDOM("", { url: "https://page.example/", runScripts: "outside-only" }).window;

for (const [realm, evaluate] of [
  ["a vm context", (code) => vm.runInContext(code, context)],
  ["jsdom", (code) => window.eval(code)],
]) {
  describe(`what ${realm} makes`, () => {
    const bytesOf = (data) => evaluate("(numbers) => Uint8Array.from(numbers)")([...data]);

    test("is not of this realm", () => {
      assert.ok(!(bytesOf("") instanceof Uint8Array) && !(evaluate("new Error()") instanceof Error));
    });

    test("is a secret", async () => {
      const verifier = await verifierOf(bytesOf(Buffer.from(secret)));
      assert.equal((await verifier.verify(await hs256())).principal.id, "alice");
      for (const none of [
        "new Uint16Array(16)",
        "new ArrayBuffer(32)",
        "({ length: 32, [Symbol.toStringTag]: 'Uint8Array' })",
      ]) {
        await assert.rejects(verifierOf(evaluate(none)), { code: "ERR_CONFIG" }, none);
      }
    });

    test("is an upstream's key, and a key for resuming", () => {
      const key = bytesOf(Buffer.from(secret));
      const verifier = { authenticate: async () => null };
      const upstreamAuth = { mode: "assertion", key, issuer: "https://gate.example", audience: "agents" };
      const arc = { upstream: "https://agents.example/arc", upstreamAuth };
      createWorker({ verifier, arc, arcp: { upstream: "wss://agents.example/arcp", upstreamAuth, resumeKey: key } });
      for (const short of [key.slice(1), bytesOf("")]) {
        assert.throws(
          () => createWorker({ verifier, arc: { ...arc, upstreamAuth: { ...upstreamAuth, key: short } } }),
          {
            code: "ERR_CONFIG",
          },
        );
      }
    });

    test("is seen to be bytes where keys are wanted as data", async () => {
      for (const bytes of ["new Uint8Array(32)", "new ArrayBuffer(32)"]) {
        await assert.rejects(verifyJws("a.b.c", evaluate(bytes), { algorithms: ["HS256"] }), /is bytes/);
      }
    });

    test("is an error, a promise or a function of the user's", async () => {
      const token = await hs256();
      const why = evaluate("new TypeError('another tenant')");
      const refusing = await verifierOf(Buffer.from(secret), {
        checkClaims: evaluate("(why) => () => Promise.reject(why)")(why),
      });
      await assert.rejects(refusing.verify(token), { code: "ERR_TOKEN_CLAIM", cause: why });
      const isRevoked = evaluate("async () => true");
      const revoking = await verifierOf(Buffer.from(secret), { isRevoked });
      await assert.rejects(revoking.verify(token), { code: "ERR_TOKEN_REVOKED" });
      const manager = await TokenManager.create({
        type: "callback",
        fetchToken: evaluate("(t) => async () => t")(token),
      });
      assert.equal(await manager.getToken(), token);
      const failing = await TokenManager.create({
        type: "callback",
        fetchToken: evaluate("async () => { throw new Error('x') }"),
      });
      await assert.rejects(failing.getToken(), { code: "ERR_REFRESH_UNAVAILABLE" });
    });
  });
}

test("a key of WebCrypto's is one wherever the class is", async () => {
  const { privateKey } = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const { CryptoKey } = globalThis;
  try {
    // jsdom has none.
    delete globalThis.CryptoKey;
    const source = { type: "client_credentials", tokenEndpoint: "https://issuer.example/token", clientId: "c" };
    await TokenManager.create({ ...source, clientAuth: "private_key_jwt", privateKey });
    const impostor = { [Symbol.toStringTag]: "CryptoKey" };
    await assert.rejects(TokenManager.create({ ...source, clientAuth: "private_key_jwt", privateKey: impostor }), {
      code: "ERR_CONFIG",
    });
    await assert.rejects(verifyJws("a.b.c", privateKey, { algorithms: ["ES256"] }), /is a CryptoKey/);
  } finally {
    globalThis.CryptoKey = CryptoKey;
  }
});

// Refused for its signature, which is looked at when there are keys.
const rs256 = `${segment({ alg: "RS256", kid: "k" })}.${segment({ iss: "https://issuer.example", aud: "api" })}.${"A".repeat(342)}`;
const remote = (fetch) =>
  JwtVerifier.create({ providers: { main: { issuer: "https://issuer.example", audience: "api" } }, fetch });

test("a signal of jsdom's gives a call up", async () => {
  const abort = new window.AbortController();
  const verifier = await remote(() => new Promise(() => {}));
  const verifying = assert.rejects(verifier.verify(rs256, { signal: abort.signal }), { code: "ERR_ABORTED" });
  abort.abort();
  await verifying;
});

test("a Response of a package's is an answer", async () => {
  assert.notEqual(undici.Response, Response);
  const documents = { jwks_uri: "https://issuer.example/keys", issuer: "https://issuer.example", keys: [] };
  const verifier = await remote(async () => undici.Response.json(documents));
  await assert.rejects(verifier.verify(rs256), /the key set is empty/);
});
