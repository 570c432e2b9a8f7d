// docs/coming-from: what the pages say of other libraries, held to these. Names are looked up in their declarations, and decisions
// are asked of them, on the same tokens.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as aws from "aws-jwt-verify";
import { createLocalJWKSet, jwtVerify } from "jose";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { root } from "../../scripts/setup/cache.mjs";
import { encode } from "../conformance/sign.mjs";

const page = (name) => readFileSync(join(root, `docs/coming-from/${name}.md`), "utf8");

/** The rows of each table of a page: its head, and the cells below it. */
function tables(text) {
  const blocks = text.replaceAll(/^```[\s\S]*?^```/gm, "").match(/(?:^\|.*\n)+/gm) ?? [];
  return blocks.map((block) => {
    const rows = block
      .trim()
      .split("\n")
      .map((row) => row.split("|").slice(1, -1));
    const [head, , ...body] = rows.map((cells) => cells.map((cell) => cell.trim()));
    return { head, body };
  });
}

// All that a folder's declarations say.
const declared = (folder, ending = ".d.ts") =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(root, folder, name), "utf8"))
    .join("\n");

// The names in a cell's code: texts, and what stands in them, are not names of an API.
const names = (cell) =>
  [...cell.matchAll(/`([^`]+)`/g)]
    .flatMap(([, code]) => code.replaceAll(/"[^"]*"/g, '""').match(/[A-Za-z_]\w{2,}/g) ?? [])
    .filter((name) => !words.has(name));

// What is JavaScript's, the browser's or OAuth's, and what the examples call things.
const words = new Set(
  `await const new true undefined location href assign url name manager api token user sessionStorage store listener token_use
  client_id offline_access error Uint8Array`.split(/\s+/),
);

const ours = declared("pkg");
const libraries = {
  jose: declared("node_modules/jose/dist/types"),
  "aws-jwt-verify": declared("node_modules/aws-jwt-verify"),
  "oidc-client-ts": declared("node_modules/oidc-client-ts/dist/types"),
};

describe("each name in a table is there", () => {
  const has = (text, name) => new RegExp(`\\b${name}\\b`).test(text);
  for (const [library, declarations] of Object.entries(libraries)) {
    test(library, () => {
      const [{ head, body }] = tables(page(library));
      assert.match(head[0], new RegExp(`^${library} \\d`));
      assert.ok(body.length > 15);
      for (const [old, next] of body) {
        for (const name of names(old)) assert.ok(has(declarations, name), `${library} has no ${name}: ${old}`);
        for (const name of names(next)) assert.ok(has(ours, name), `arcgate has no ${name}: ${next}`);
      }
    });
  }

  test("the SDKs' own pieces", () => {
    for (const { body } of tables(page("agent-sdks")).slice(0, 1)) {
      assert.ok(body.length > 15);
      for (const [, next] of body)
        for (const name of names(next)) assert.ok(has(ours, name), `arcgate has no ${name}: ${next}`);
    }
  });

  test("and the versions are those that are installed", () => {
    for (const library of Object.keys(libraries)) {
      const installed = library === "auth0-spa-js" ? "@auth0/auth0-spa-js" : library;
      const { version } = JSON.parse(readFileSync(join(root, "node_modules", installed, "package.json"), "utf8"));
      assert.ok(page(library).includes(`| ${library} ${version.split(".")[0]} |`), `${library} ${version}`);
    }
  });
});

const [issuer, audience] = ["https://idp.example.com", "https://api.example.com"];
const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};
const pair = await crypto.subtle.generateKey(rsa, true, ["sign", "verify"]);
const { kty, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
const jwks = { keys: [{ kty, n, e, kid: "k", alg: "RS256", use: "sig" }] };

/** A token of these claims and this header, as they are changed; `edit` changes the text of the claims. */
async function token(claims = {}, header = {}, edit = (text) => text) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: audience, sub: "alice", iat: now - 60, exp: now + 600, ...claims };
  const head = JSON.stringify({ alg: "RS256", kid: "k", typ: "at+jwt", ...header });
  const signed = `${encode(head)}.${encode(edit(JSON.stringify(all)))}`;
  const signature = await crypto.subtle.sign(rsa.name, pair.privateKey, new TextEncoder().encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

const inSec = (seconds) => Math.floor(Date.now() / 1000) + seconds;

// By the first cell of a row, without its marks.
const tokens = {
  "as RFC 9068 has it": () => [token()],
  "typ JWT, or none": () => [token({}, { typ: "JWT" }), token({}, { typ: undefined })],
  "typ logout+jwt": () => [token({}, { typ: "logout+jwt" })],
  "ended 20 s ago": () => [token({ exp: inSec(-20) })],
  "nbf in 20 s": () => [token({ nbf: inSec(20) })],
  "iat in two minutes": () => [token({ iat: inSec(120) })],
  "without exp": () => [token({ exp: undefined })],
  "without iat": () => [token({ iat: undefined })],
  "without sub": () => [token({ sub: undefined })],
  "with cnf": () => [token({ cnf: { jkt: "x" } })],
  "a claim twice": () => [token({}, {}, (text) => text.replace('"sub"', '"sub":"bob","sub"'))],
  "of 20 kB": () => [token({ more: "x".repeat(20_000) })],
  "without kid": () => [token({}, { kid: undefined })],
};

const byAws = aws.JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` });
byAws.cacheJwks(jwks);
const keySet = createLocalJWKSet(jwks);
const arcgate = await JwtVerifier.create({ providers: { p: { issuer, audience, jwks } } });
const deciders = {
  jose: (one) => jwtVerify(one, keySet, { issuer, audience }),
  "aws-jwt-verify": (one) => byAws.verify(one),
  arcgate: (one) => arcgate.verify(one),
};
const decision = (decide, one) =>
  decide(one).then(
    () => "accepted",
    () => "refused",
  );

describe("each token is decided on as the page says", () => {
  for (const library of ["jose", "aws-jwt-verify"]) {
    const { head, body } = tables(page(library)).find(({ head }) => head[0] === "a token");
    assert.deepEqual(head.slice(1, 3), [library, "arcgate"]);
    assert.deepEqual(
      body.map(([what]) => what.replaceAll("`", "")),
      Object.keys(tokens),
    );
    for (const [what, there, here] of body) {
      test(`${library}: ${what}`, async () => {
        for (const one of await Promise.all(tokens[what.replaceAll("`", "")]())) {
          assert.equal(await decision(deciders[library], one), there, library);
          assert.equal(await decision(deciders.arcgate, one), here, "arcgate");
        }
      });
    }
  }
});

test("what the pages say changes a decision does", async () => {
  const provider = { issuer, audience, jwks };
  for (const [what, options] of [
    ["typ logout+jwt", { typ: ["logout+jwt"] }],
    ["without exp", { optionalClaims: ["exp"], maxTokenAgeSec: 3600 }],
    ["without iat", { optionalClaims: ["iat"] }],
    ["without sub", { optionalClaims: ["sub"], principalClaim: "iss" }],
  ]) {
    const other = await JwtVerifier.create({ providers: { p: { ...provider, ...options } } });
    for (const one of await Promise.all(tokens[what]())) await other.verify(one);
  }
  const strict = await JwtVerifier.create({ providers: { p: provider }, clockToleranceSec: 0 });
  for (const what of ["ended 20 s ago", "nbf in 20 s"])
    for (const one of await Promise.all(tokens[what]())) await assert.rejects(strict.verify(one));
});
