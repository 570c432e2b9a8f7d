// What docs/coming-from/agent-sdks.md says of the ARC SDK's MultiProviderJWTValidator, asked of it and of a JwtVerifier.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { jws, makeKey, serve } from "../attacks/kit.mjs";
import { runPython } from "../lib/python.mjs";

const page = readFileSync(new URL("../../docs/coming-from/agent-sdks.md", import.meta.url), "utf8");
const script = fileURLToPath(new URL("arc_validator.py", import.meta.url));

const one = { key: makeKey("RS256", "one"), issuer: "https://one.example", audience: "api" };
const two = { key: makeKey("RS256", "two"), issuer: "https://two.example", audience: "api" };
const elliptic = makeKey("ES256", "curve");
const keys = await serve((request, response) => {
  const set = request.url === "/one" ? [one.key.jwk, elliptic.jwk] : [two.key.jwk];
  response.writeHead(request.url === "/down" ? 500 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify({ keys: set }));
});
after(() => keys.close());

const inSec = (seconds) => Math.floor(Date.now() / 1000) + seconds;
const signed = (more = {}, header = {}, key = two.key) => {
  const usual = { iss: two.issuer, aud: two.audience, sub: "alice", iat: inSec(-60), exp: inSec(600) };
  return jws(key, { ...usual, ...more }, { typ: "at+jwt", ...header });
};

// By the first cell of a row, without its marks.
const tokens = {
  "as RFC 9068 has it, of the second provider": signed(),
  "of one provider, signed with the other's key": signed({ iss: one.issuer }),
  "signed by ES256": signed({ iss: one.issuer }, {}, elliptic),
  "typ logout+jwt": signed({}, { typ: "logout+jwt" }),
  "ended 20 s ago": signed({ exp: inSec(-20) }),
  "without sub": signed({ sub: undefined }),
  "with cnf": signed({ cnf: { jkt: "x" } }),
};

const ask = async (providers, ...tokens) =>
  JSON.parse(await runPython(script, [], { ASKED: JSON.stringify({ providers, tokens }) }));
const known = (place, { issuer, audience }) => ({ jwks_url: `${keys.url}/${place}`, issuer, audience });

test("each token is decided on as the page says", async () => {
  const rows = [...page.matchAll(/^\| ([^|]*) \| (accepted|refused) \| (accepted|refused) \|/gm)];
  assert.deepEqual(
    rows.map(([, what]) => what.replaceAll("`", "")),
    Object.keys(tokens),
  );
  const there = await ask({ one: known("one", one), two: known("two", two) }, ...Object.values(tokens));
  const provider = ({ issuer, audience }, ...jwks) => ({ issuer, audience, jwks: { keys: jwks } });
  const here = await JwtVerifier.create({
    providers: { one: provider(one, one.key.jwk, elliptic.jwk), two: provider(two, two.key.jwk) },
  });
  for (const [index, [, what, expectedThere, expectedHere]] of rows.entries()) {
    const { refused } = there[index];
    assert.equal(refused === undefined ? "accepted" : "refused", expectedThere, `${what}: ${refused}`);
    const outcome = await here.verify(Object.values(tokens)[index]).then(
      ({ provider }) => provider,
      (error) => error.code,
    );
    assert.equal(/^ERR_/.test(outcome) ? "refused" : "accepted", expectedHere, `${what}: ${outcome}`);
  }
  assert.equal(there[0].provider, "two");
});

test("what it tells of a refusal names each provider, and an outage is one", async () => {
  const [{ refused }] = await ask({ one: known("one", one), two: known("two", two) }, signed({ exp: 1 }));
  assert.match(refused, /^AuthenticationError: .*one: .*; two: /);
  const [{ refused: outage }] = await ask({ two: known("down", two) }, signed());
  assert.match(outage, /^AuthenticationError: .*two: .*500/);
  const [{ refused: any }] = await ask({ two: { ...known("two", two), audience: null } }, signed());
  assert.match(any, /audience/i);
});
