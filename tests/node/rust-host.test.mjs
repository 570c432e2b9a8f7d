// An application on the host: its tests run as its author would run them, and jwt-compact's verdicts there are WebCrypto's here, in the
// npm package and in a program in Rust.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { root } from "../../scripts/setup/cache.mjs";
import { audience, encode, issuer, makeSigner } from "../conformance/sign.mjs";
import { bindgen, rustConsumer } from "../lib/rust-consumer.mjs";

const secret = "a secret of thirty-two bytes and more";
const claims = (now) => ({ iss: issuer, aud: audience, sub: "user-1", iat: now - 10, exp: now + 300 });
const signed = (payload, header = {}) => {
  const input = `${encode(JSON.stringify({ alg: "HS256", typ: "at+jwt", ...header }))}.${encode(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
};
const hs256 = (now, changes = {}, header = {}) => signed(JSON.stringify({ ...claims(now), ...changes }), header);

// The rows of docs/coming-from/rust-crates.md, by their first cell.
const rows = (now) => ({
  "as RFC 9068 has it": hs256(now),
  "ended 20 s ago": hs256(now, { exp: now - 20 }),
  "ended 45 s ago": hs256(now, { exp: now - 45 }),
  "`nbf` in an hour": hs256(now, { nbf: now + 3600 }),
  "`iat` in an hour": hs256(now, { iat: now + 3600, exp: now + 7200 }),
  "without `iss`": hs256(now, { iss: undefined }),
  "without `aud`": hs256(now, { aud: undefined }),
  "without `sub`": hs256(now, { sub: undefined }),
  "without `iat`": hs256(now, { iat: undefined }),
  "`typ` logout+jwt": hs256(now, {}, { typ: "logout+jwt" }),
  "with `cnf`": hs256(now, { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }),
  "a claim twice": signed(`{"scope":"read","scope":"write",${JSON.stringify(claims(now)).slice(1)}`),
  "of 20 kB": hs256(now, { about: "x".repeat(15_000) }),
});

let host;
let web;
let out;
let fromRust;
let now;

before(async () => {
  host = await rustConsumer({ folder: "tests/dependant-host" });
  web = await rustConsumer({ folder: "tests/dependant-web" });
  out = mkdtempSync(join(tmpdir(), "arcgate-glue-"));
  await bindgen(await web.build("dependant-web"), out, { env: web.env });
  await host.cargo("build", "--quiet");
  now = Math.floor(Date.now() / 1000);
  fromRust = createRequire(import.meta.url)(join(out, "dependant-web.js"));
});
after(() => {
  host?.remove();
  web?.remove();
  if (out) rmSync(out, { recursive: true, force: true });
});

// What the application says of tokens, and what jsonwebtoken does.
async function onHost(options, at, tokens) {
  const child = spawn(join(host.env.CARGO_TARGET_DIR, "debug/dependant-host"), { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end([options, at * 1000, ...tokens].join("\n"));
  const said = await text(child.stdout);
  return said
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
}

async function inJavaScript(options, at, token) {
  try {
    const verifier = await JwtVerifier.create({ ...options, now: () => at * 1000 });
    await verifier.verify(token);
    return "ok";
  } catch (error) {
    return error.code;
  }
}

test("an application's own tests are green on the host", { timeout: 900_000 }, async () => {
  const { stdout } = await host.cargo("test", "--quiet");
  assert.match(stdout, /^test result: ok\. 4 passed; 0 failed/m);
});

describe("the same verdicts", { timeout: 900_000 }, () => {
  // Each algorithm that both sides have, and tokens that are wrong in the ways that a signature, a header or a claim can be.
  const wrong = async (sign) => {
    const good = await sign({});
    const [header, payload, signature] = good.split(".");
    const bent = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    return [
      good,
      `${header}.${payload}.${bent(signature, 3)}`,
      `${header}.${bent(payload, 9)}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}`,
      `${header}.${payload}.${encode(new Uint8Array(64))}`,
      `${header}.${payload}.`,
      await sign({ exp: now - 31 }),
      await sign({ exp: now - 29 }),
      await sign({ nbf: now + 31 }),
      await sign({ iss: "https://other.example" }),
      await sign({ aud: "https://other.example" }),
      await sign({ sub: undefined }),
      await sign({}, { alg: "none" }),
      await sign({}, { crit: ["x"], x: 1 }),
      await sign({}, { typ: "logout+jwt" }),
    ];
  };
  const check = async (provider, tokens) => {
    const options = { providers: { main: { issuer, audience, ...provider } } };
    const told = provider.secret ? `secret ${secret}` : JSON.stringify(options);
    const hosts = await onHost(told, now, tokens);
    const refusals = new Set();
    for (const [index, token] of tokens.entries()) {
      const expected = await inJavaScript(options, now, token);
      assert.equal(hosts[index][0], expected, `on the host, token ${index}`);
      const inRust = await fromRust.verdict(told, now * 1000, token);
      assert.equal(inRust, expected, `by WebCrypto in Rust, token ${index}`);
      refusals.add(expected);
    }
    assert.ok(refusals.has("ok") && refusals.size > 6, [...refusals].join(" "));
  };

  test("ES256", async () => {
    const { jwk, sign } = await makeSigner();
    await check({ jwks: { keys: [jwk] } }, await wrong((more, header) => sign({ ...claims(now), ...more }, header)));
  });

  test("EdDSA", async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const { kty, crv, x } = await crypto.subtle.exportKey("jwk", publicKey);
    const sign = async (more, header = {}) => {
      const head = { alg: "EdDSA", kid: "key-1", typ: "at+jwt", ...header };
      const input = `${encode(JSON.stringify(head))}.${encode(JSON.stringify({ ...claims(now), ...more }))}`;
      const bytes = new TextEncoder().encode(input);
      return `${input}.${encode(new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, bytes)))}`;
    };
    await check({ jwks: { keys: [{ kty, crv, x, kid: "key-1", use: "sig" }] } }, await wrong(sign));
  });

  test("HS256", async () => {
    await check({ secret: new TextEncoder().encode(secret) }, await wrong((more, header) => hs256(now, more, header)));
  });
});

test("what docs/coming-from says of jsonwebtoken is what it does", { timeout: 900_000 }, async () => {
  const page = readFileSync(join(root, "docs/coming-from/rust-crates.md"), "utf8");
  const table = page.match(/^\| a token \| jsonwebtoken \| arcgate \|.*\n\|[-|]+\n((?:\|.*\n)+)/m)[1];
  const said = table
    .trim()
    .split("\n")
    .map((row) =>
      row
        .split("|")
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
  // Of both, as jsonwebtoken has no other: the tests before this one may have taken a minute to compile.
  const at = Math.floor(Date.now() / 1000);
  const tokens = rows(at);
  assert.deepEqual(
    said.map(([what]) => what),
    Object.keys(tokens),
  );
  const found = await onHost(`secret ${secret}`, at, Object.values(tokens));
  for (const [index, [what, before, next]] of said.entries()) {
    assert.equal(found[index][1], before, `jsonwebtoken: ${what}`);
    assert.equal(found[index][0] === "ok" ? "accepted" : "refused", next, `arcgate: ${what}`);
  }
});
