// What providers really send, and the recipes of docs/providers.md: accepted with the recipe; without it, refused with a
// message that names the fix. The fixtures' identifiers are invented; names and forms of the claims are the providers'.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { JwtVerifier } from "../../pkg/entry.node.js";

const folder = new URL("../fixtures/providers/", import.meta.url);
const fixtures = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")));
const doc = readFileSync(new URL("../../docs/providers.md", import.meta.url), "utf8");
const recipesInDoc = [...doc.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => JSON.parse(text));

const secret = crypto.getRandomValues(new Uint8Array(64));
const signers = {};
const jwkOf = {};
before(async () => {
  for (const alg of ["RS256", "ES256"]) {
    const pair = await generateKeyPair(alg);
    signers[alg] = pair.privateKey;
    jwkOf[alg] = await exportJWK(pair.publicKey);
  }
  for (const alg of ["HS256", "HS512"]) signers[alg] = secret;
});

// As JSON has it: a change to undefined takes a member away. In the fixtures, which are JSON, null says that.
const changed = (original, changes = {}) => {
  const merged = Object.entries({ ...original, ...changes });
  return Object.fromEntries(merged.filter(([name, value]) => !(name in changes && value === null)));
};
const sign = (fixture, changes = {}) => {
  const header = changed(fixture.header, changes.header);
  return new SignJWT(changed(fixture.claims, changes.claims)).setProtectedHeader(header).sign(signers[header.alg]);
};
// Providers' keys have `kid` and `use`; not all have `alg`. Where the token is signed with a secret, there are others.
const jwks = ({ header: { alg, kid } }) => ({
  keys: [{ ...(jwkOf[alg] ?? jwkOf.ES256), kid: alg in jwkOf ? kid : "another", use: "sig" }],
});
/** The recipe as code has it: what a Worker's variable names as a secret is given as bytes. */
const inCode = ({ secretEnv, ...rest }) => (secretEnv === undefined ? rest : { ...rest, secret });

function verifierOf(fixture, recipe, options = {}) {
  const { jwksUri, discoveryUrl, ...rest } = inCode(recipe);
  return JwtVerifier.create({
    providers: { p: { ...rest, jwks: jwks(fixture) } },
    now: () => fixture.now * 1000,
    ...options,
  });
}

for (const fixture of fixtures) {
  const { name, recipe, without, principal, scopes, longLived = false } = fixture;
  describe(name, () => {
    test("is accepted with the recipe", async () => {
      const events = [];
      const verifier = await verifierOf(fixture, recipe, { onEvent: ({ type }) => events.push(type) });
      const verified = await verifier.verify(await sign(fixture));
      assert.deepEqual(verified.claims, fixture.claims);
      assert.deepEqual(verified.header, fixture.header);
      assert.deepEqual(verified.scopes, scopes);
      assert.equal(verified.expiresAt, fixture.claims.exp);
      assert.deepEqual(verified.principal, {
        key: verified.principal.key,
        kind: "jwt",
        issuer: fixture.claims.iss,
        scopes,
        expiresAt: fixture.claims.exp,
        ...principal,
      });
      assert.equal(events.includes("token.long_lived"), longLived);
    });

    test("is accepted with the recipe as it stands in the documentation, its keys fetched from the provider", async () => {
      assert.ok(
        recipesInDoc.some((found) => JSON.stringify(found) === JSON.stringify(recipe)),
        "docs/providers.md has the recipe, member for member",
      );
      const discovery = fixture.document ?? `${recipe.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const keysAt = recipe.jwksUri ?? fixture.jwksUri;
      const asked = [];
      const fetch = async (url) => {
        asked.push(url);
        return Response.json(url === discovery ? { issuer: recipe.issuer, jwks_uri: keysAt } : jwks(fixture));
      };
      const providers = { p: inCode(recipe) };
      const verifier = await JwtVerifier.create({ providers, fetch, now: () => fixture.now * 1000 });
      await verifier.verify(await sign(fixture));
      const needsKeys = fixture.header.alg in jwkOf;
      assert.deepEqual(asked, !needsKeys ? [] : recipe.jwksUri ? [keysAt] : [discovery, keysAt]);
    });

    for (const { why, code, message, ...changes } of without) {
      test(`is refused when ${why}`, async () => {
        const verifier = await verifierOf(fixture, changes.recipe);
        const token = changes.token ?? (await sign(fixture, changes));
        await assert.rejects(verifier.verify(token), (error) => {
          assert.equal(error.code, code, error.message);
          assert.match(error.message, new RegExp(message));
          assert.equal(error.retryable, false);
          return true;
        });
      });
    }
  });
}

test("the documentation has no recipe without a fixture", () => {
  for (const recipe of recipesInDoc) {
    assert.ok(
      fixtures.some((fixture) => JSON.stringify(fixture.recipe) === JSON.stringify(recipe)),
      JSON.stringify(recipe),
    );
  }
});

test("all of them in one verifier: each token goes to its own provider", async () => {
  // One issuer is one provider: of those that share an issuer, the last recipe stands.
  const chosen = [...new Map(fixtures.map((fixture) => [fixture.recipe.issuer, fixture])).values()];
  const providers = Object.fromEntries(
    chosen.map((fixture) => {
      const { jwksUri, discoveryUrl, ...rest } = inCode(fixture.recipe);
      return [fixture.name, { ...rest, jwks: jwks(fixture) }];
    }),
  );
  const verifier = await JwtVerifier.create({ providers, now: () => chosen[0].now * 1000 });
  for (const fixture of chosen) assert.equal((await verifier.verify(await sign(fixture))).provider, fixture.name);
});
