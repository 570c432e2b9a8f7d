// Several providers in one verifier, and where their keys come from.

import { audience, clock, encode, issuer, makeSigner, network, present } from "./sign.mjs";

const auth0 = "https://tenant.auth0.example/";
const okta = "https://org.okta.example/oauth2/default";
const places = ["openid-configuration", "oauth-authorization-server"].map((name) => `${issuer}/.well-known/${name}`);

export function tests({ arcgate: { JwtVerifier }, assert }) {
  const create = (providers, options = {}) => JwtVerifier.create({ providers, now: clock, ...options });
  const of = ({ jwk }, options = {}) => ({ issuer, audience, jwks: { keys: [jwk] }, ...options });

  // Two providers whose keys have the same name.
  const pair = async (options) => {
    const [a, b] = [await makeSigner("same"), await makeSigner("same")];
    const verifier = await create(
      { auth0: of(a, { issuer: auth0 }), okta: of(b, { issuer: okta, audience: "api://default" }) },
      options,
    );
    return { a, b, verifier };
  };

  const discovery = async (document, documents = {}) => {
    const signer = await makeSigner();
    const net = network({
      [`${issuer}/.well-known/openid-configuration`]: document ?? { issuer, jwks_uri: `${issuer}/keys` },
      [`${issuer}/keys`]: { keys: [signer.jwk] },
      ...documents,
    });
    return { ...net, signer, verifier: await create({ p: { issuer, audience } }, { fetch: net.fetch }) };
  };

  return {
    "several providers: each token goes to its issuer's": async () => {
      const { a, b, verifier } = await pair();
      const one = await verifier.verify(await a.sign({ iss: auth0 }));
      const two = await verifier.verify(await b.sign({ iss: okta, aud: ["api://default", "other"] }));
      assert.same(
        [one.provider, one.principal.issuer, two.provider, two.principal.issuer],
        ["auth0", auth0, "okta", okta],
      );
      assert.ok(one.principal.key !== two.principal.key, "the same sub of two issuers is two principals");
    },

    "several providers: keys never cross, though both have the same kid": async () => {
      for (const tokenCache of [undefined, false]) {
        const { a, b, verifier } = await pair({ tokenCache });
        await verifier.verify(await a.sign({ iss: auth0 }));
        await verifier.verify(await b.sign({ iss: okta, aud: "api://default" }));
        await assert.refused(verifier.verify(await a.sign({ iss: okta, aud: "api://default" })), "ERR_TOKEN_SIGNATURE");
        await assert.refused(verifier.verify(await b.sign({ iss: auth0 })), "ERR_TOKEN_SIGNATURE");
      }
    },

    "several providers: audiences never cross": async () => {
      const { b, verifier } = await pair();
      const token = await b.sign({ iss: okta });
      await assert.refused(verifier.verify(token), "ERR_TOKEN_AUDIENCE", /api:\/\/default/);
    },

    "an unknown issuer is refused, and nothing is fetched": async () => {
      const { verifier, signer, asked } = await discovery();
      await assert.refused(
        verifier.verify(await signer.sign({ iss: "https://other.example" })),
        "ERR_TOKEN_ISSUER",
        /other\.example/,
      );
      await assert.refused(verifier.verify(await signer.sign({ iss: `${issuer}/` })), "ERR_TOKEN_ISSUER", /slash/);
      await assert.refused(verifier.verify(await signer.sign({ iss: [issuer] })), "ERR_TOKEN_ISSUER");
      assert.same(asked, []);
    },

    "discovery: document and keys are fetched at first use, once": async () => {
      const { verifier, signer, asked } = await discovery();
      assert.same(asked, []);
      await verifier.verify(await signer.sign());
      await verifier.verify(await signer.sign({ sub: "user-2" }));
      assert.same(asked, [`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`]);
    },

    "discovery: twenty first tokens at once cause one fetch": async () => {
      const { verifier, signer, asked } = await discovery();
      const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => signer.sign({ sub: `user-${index}` })));
      await Promise.all(tokens.map((token) => verifier.verify(token)));
      assert.equal(asked.length, 2);
    },

    "discovery: a document of another issuer is refused": async () => {
      for (const wrong of [`${issuer}/`, "https://other.example", undefined]) {
        const { verifier, signer, asked } = await discovery({ issuer: wrong, jwks_uri: `${issuer}/keys` });
        const error = await assert.refused(verifier.verify(await signer.sign()), "ERR_JWKS_UNAVAILABLE", /issuer/);
        assert.ok(error.retryable);
        assert.same(asked, places, "the keys of that document are not asked for:");
        if (wrong !== undefined)
          assert.ok(
            [`"${wrong}"`, `"${issuer}"`, "`issuer`"].every((part) => error.message.includes(part)),
            error.message,
          );
      }
    },

    "discovery: keys at a plain http address are not fetched": async () => {
      const { verifier, signer, asked } = await discovery({ issuer, jwks_uri: "http://issuer.example/keys" });
      await assert.refused(verifier.verify(await signer.sign()), "ERR_JWKS_UNAVAILABLE", /https/);
      assert.same(asked, places);
    },

    "discovery: what fails at OpenID's address is looked for at RFC 8414's": async () => {
      const [openid, oauth] = places;
      for (const failure of [
        () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
        () => new Response("", { status: 404 }),
        () => new Response("", { status: 503 }),
        () => Promise.reject(new TypeError("no connection")),
        { issuer: "https://other.example", jwks_uri: "https://other.example/keys" },
      ]) {
        const { verifier, signer, asked } = await discovery(undefined, {
          [openid]: failure,
          [oauth]: { issuer, jwks_uri: `${issuer}/keys` },
        });
        await verifier.verify(await signer.sign());
        assert.same(asked, [openid, oauth, `${issuer}/keys`]);
      }
    },

    "discovery: a clumsy document is no reason to do without the provider": async () => {
      const text = JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` });
      for (const clumsy of [
        `\ufeff${text}`,
        text.replace("{", '{"x":1,"x":2,'),
        text.replace("{", `{"issuer":"${issuer}",`),
      ]) {
        const { verifier, signer } = await discovery(() => new Response(clumsy));
        await verifier.verify(await signer.sign());
      }
      const twoIssuers = text.replace("{", '{"issuer":"https://other.example",');
      const { verifier, signer } = await discovery(() => new Response(twoIssuers));
      await assert.refused(verifier.verify(await signer.sign()), "ERR_JWKS_UNAVAILABLE", /two different/);
    },

    "an outage is ERR_JWKS_UNAVAILABLE: retryable, with a time to come back": async () => {
      for (const answer of [
        new Response("", { status: 503 }),
        new Response("<html>", { status: 200 }),
        { keys: [] },
        {},
      ]) {
        const { verifier, signer } = await discovery(undefined, {
          [`${issuer}/keys`]: () => (answer instanceof Response ? answer.clone() : answer),
        });
        const error = await assert.refused(verifier.verify(await signer.sign()), "ERR_JWKS_UNAVAILABLE");
        assert.ok(error.retryable, "retryable");
        assert.ok(error.details.retryAfterSec >= 1, `retryAfterSec: ${error.details.retryAfterSec}`);
      }
    },

    "jwksUri: no discovery": async () => {
      const signer = await makeSigner();
      const { fetch, asked } = network({ "https://keys.example/jwks": { keys: [signer.jwk] } });
      const verifier = await create({ p: { issuer, audience, jwksUri: "https://keys.example/jwks" } }, { fetch });
      await verifier.verify(await signer.sign());
      assert.same(asked, ["https://keys.example/jwks"]);
    },

    "static jwks: no network; an issuer that is no URL will do": async () => {
      const signer = await makeSigner();
      const fetch = () => assert.ok(false, "nothing is to be fetched");
      const verifier = await create({ p: of(signer, { issuer: "joe" }) }, { fetch });
      assert.equal((await verifier.verify(await signer.sign({ iss: "joe" }))).principal.issuer, "joe");
    },

    "static jwks: a key that can't be used doesn't fail the others; the kid chooses": async () => {
      const [good, other] = [await makeSigner("good"), await makeSigner("other")];
      const keys = [
        { kty: "oct", k: encode("x".repeat(32)), kid: "good" },
        { kty: "XYZ" },
        "?",
        { ...other.jwk, use: "enc", kid: "good" },
        other.jwk,
        good.jwk,
      ];
      const verifier = await create({ p: of(good, { jwks: { keys } }) });
      await verifier.verify(await good.sign());
      await verifier.verify(await other.sign());
      await assert.refused(verifier.verify(await good.sign({}, { kid: "third" })), "ERR_KEY_NOT_FOUND", /third/);
      await assert.refused(verifier.verify(await good.sign({}, { kid: undefined })), "ERR_KEY_NOT_FOUND", /kid/);
    },

    "static jwks: a kid that names two different keys is refused": async () => {
      const [one, two] = [await makeSigner("same"), await makeSigner("same")];
      const verifier = await create({ p: of(one, { jwks: { keys: [one.jwk, two.jwk] } }) });
      await assert.refused(verifier.verify(await one.sign()), "ERR_KEY_NOT_FOUND", /more than one/);
    },

    "static jwks: a point that is not on its curve fails no other key": async () => {
      const [good, bad] = [await makeSigner("good"), await makeSigner("bad")];
      const off = { ...bad.jwk, y: bad.jwk.x };
      const verifier = await create({ p: of(good, { jwks: { keys: [off, good.jwk] } }) });
      await assert.refused(verifier.verify(await bad.sign()), "ERR_KEY_NOT_FOUND");
      await verifier.verify(await good.sign());
    },

    "headers that bring their own key are not followed": async () => {
      const [good, evil] = [await makeSigner(), await makeSigner()];
      const fetch = () => assert.ok(false, "nothing is to be fetched");
      const verifier = await create({ p: of(good) }, { fetch });
      for (const header of [
        { jwk: evil.jwk },
        { jku: "https://evil.example/keys" },
        { x5u: "https://evil.example/cert" },
        { x5c: ["AAAA"] },
      ]) {
        await assert.refused(verifier.verify(await evil.sign({}, header)), [
          "ERR_TOKEN_SIGNATURE",
          "ERR_TOKEN_MALFORMED",
        ]);
      }
    },

    "kinds of token: an id token's or a proof's typ is refused": async () => {
      const signer = await makeSigner();
      const verifier = await create({ p: of(signer) });
      for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", undefined])
        await verifier.verify(await signer.sign({}, { typ }));
      for (const typ of ["dpop+jwt", "logout+jwt", "id_token+jwt", "", "jwt "]) {
        await assert.refused(
          verifier.verify(await signer.sign({}, { typ })),
          ["ERR_TOKEN_TYPE"].concat(typ === "" ? "ERR_TOKEN_MALFORMED" : []),
        );
      }
    },

    "time: exp, nbf and iat, with a tolerance of half a minute": async () => {
      const signer = await makeSigner();
      const verifier = await create({ p: of(signer) });
      await verifier.verify(await signer.sign({ exp: present - 29 }));
      await assert.refused(verifier.verify(await signer.sign({ exp: present - 30 })), "ERR_TOKEN_EXPIRED");
      await verifier.verify(await signer.sign({ nbf: present + 30 }));
      await assert.refused(verifier.verify(await signer.sign({ nbf: present + 31 })), "ERR_TOKEN_NOT_YET_VALID");
      await assert.refused(verifier.verify(await signer.sign({ iat: present + 31 })), "ERR_TOKEN_NOT_YET_VALID");
      for (const exp of ["1793000300", null, true, -1, 1e300, [present]]) {
        await assert.refused(verifier.verify(await signer.sign({ exp })), [
          "ERR_TOKEN_CLAIM",
          "ERR_TOKEN_EXPIRED",
          "ERR_TOKEN_MALFORMED",
        ]);
      }
      for (const name of ["exp", "iat", "sub", "aud"]) {
        await assert.refused(verifier.verify(await signer.sign({ [name]: undefined })), [
          "ERR_TOKEN_CLAIM",
          "ERR_TOKEN_AUDIENCE",
        ]);
      }
    },
  };
}
