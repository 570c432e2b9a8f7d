// Configuration is strict: what is wrong in it is ERR_CONFIG that names the key and the fix.

import { audience, encode, issuer } from "./sign.mjs";

const jwk = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};
const jwks = { keys: [jwk] };
const secret = (length) => new Uint8Array(length).fill(7);

// What is wrong with one provider, the key that the error names, and what its message says.
const providers = {
  "an unknown key": [{ jwks_uri: `${issuer}/keys` }, "p.jwks_uri", /did you mean `jwksUri`/],
  "another unknown key": [{ audiences: [audience] }, "p.audiences", /did you mean `audience`/],
  "no audience": [{ audience: undefined }, "p.audience", /is missing.*null/],
  "an empty audience": [{ audience: "" }, "p.audience", /./],
  "an empty list of audiences": [{ audience: [] }, "p.audience", /./],
  "no issuer": [{ issuer: undefined }, "p.issuer", /is missing/],
  "a plain http issuer": [{ issuer: "http://issuer.example" }, "p.issuer", /https:\/\//],
  "a plain http jwksUri": [{ jwksUri: "http://issuer.example/keys" }, "p.jwksUri", /https:\/\//],
  "an http host that only looks like loopback": [
    { jwksUri: "http://localhost.example/keys" },
    "p.jwksUri",
    /https:\/\//,
  ],
  "an issuer that is no URL, without keys": [{ issuer: "joe" }, "p.issuer", /jwksUri.*jwks.*secret/],
  "HS256 without a secret": [{ algorithms: ["HS256"], jwks }, "p.algorithms", /HS256.*secret/],
  "RS256 with a secret": [{ algorithms: ["RS256"], secret: secret(32) }, "p.algorithms", /RS256.*public key/],
  "a secret that is too short": [{ secret: secret(31) }, "p.secret", /32 bytes/],
  "a secret that is text": [{ secret: "x".repeat(32) }, "p.secret", /Uint8Array/],
  "keys from two places": [{ jwks, jwksUri: `${issuer}/keys` }, "p.jwksUri", /one place/],
  "keys from two documents": [{ jwksUri: `${issuer}/keys`, discoveryUrl: issuer }, "p.discoveryUrl", /one place/],
  "a secret beside keys": [{ jwks, secret: secret(32) }, "p.jwks", /`secret`.*`algorithms`/],
  "a secret beside a jwksUri": [{ jwksUri: `${issuer}/k`, secret: secret(32) }, "p.jwksUri", /`secret`.*`algorithms`/],
  "a secret beside keys that are of no use": [
    { jwks, secret: secret(32), algorithms: ["HS256"] },
    "p.jwks",
    /lists nothing.*\["HS256", "ES256"\]/,
  ],
  "a secret that is of no use": [
    { jwks, secret: secret(32), algorithms: ["ES256"] },
    "p.algorithms",
    /leave `secret` out.*list both/,
  ],
  "both kinds of algorithms without a secret": [
    { jwks, algorithms: ["HS256", "ES256"] },
    "p.algorithms",
    /HS256.*`secret` as well/,
  ],
  "a plain http discoveryUrl": [{ discoveryUrl: "http://issuer.example/d" }, "p.discoveryUrl", /https:\/\//],
  "a place for tenants without tenants": [{ issuer: `${issuer}/{tenantid}` }, "p.tenants", /is missing.*"any"/],
  "tenants without a place for them": [{ tenants: ["a"] }, "p.tenants", /\{tenantid\}/],
  "two places for tenants": [{ issuer: `${issuer}/{tenantid}/{tenantid}`, tenants: "any" }, "p.tenants", /once/],
  "an empty list of tenants": [{ issuer: `${issuer}/{tenantid}`, tenants: [] }, "p.tenants", /"any"/],
  "a tenant that is a path": [{ issuer: `${issuer}/{tenantid}`, tenants: ["a/b"] }, "p.tenants", /tid/],
  "tenants by a word that is none": [{ issuer: `${issuer}/{tenantid}`, tenants: "all" }, "p.tenants", /"any"/],
  "an empty list of principal claims": [{ principalClaim: [] }, "p.principalClaim", /list/],
  "a principal claim that is a number": [{ principalClaim: ["oid", 7] }, "p.principalClaim", /list/],
  "an empty list of algorithms": [{ algorithms: [] }, "p.algorithms", /empty/],
  "the algorithm none": [{ algorithms: ["none"], jwks }, "p.algorithms", /none/],
  "keys without one that can be used": [{ jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }, "p.jwks", /oct/],
  "a private key among the keys": [{ jwks: { keys: [{ ...jwk, d: "AAAA" }] } }, "p.jwks", /private/],
  "keys that are no set": [{ jwks: [jwk] }, "p.jwks", /keys/],
  "aud made optional": [{ optionalClaims: ["aud"] }, "p.optionalClaims", /audience: null/],
  "exp made optional without an age": [{ optionalClaims: ["exp"] }, "p.optionalClaims", /maxTokenAgeSec/],
  "sub made optional without another principal": [{ optionalClaims: ["sub"] }, "p.optionalClaims", /principalClaim/],
  "scopeClaims that are no list": [{ scopeClaims: "roles" }, "p.scopeClaims", /list/],
  "labels that are no record": [{ labelClaims: { tenant: 7 } }, "p.labelClaims", /record/],
  "an age below zero": [{ maxTokenAgeSec: -1 }, "p.maxTokenAgeSec", /number/],
};

const wholes = {
  "no providers": [{}, "providers", /providers/],
  "an empty record of providers": [{ providers: {} }, "providers", /empty/],
  "a provider that is null": [{ providers: { p: null } }, "providers.p", /object/],
  "an unknown option": [{ clockTolerance: 5 }, "clockTolerance", /did you mean `clockToleranceSec`/],
  "an unknown option of the key cache": [{ jwksCache: { maxAge: 5 } }, "jwksCache.maxAge", /did you mean `maxAgeSec`/],
  "an unknown option of the token cache": [{ tokenCache: { size: 5 } }, "tokenCache.size", /./],
  "a clock that is no function": [{ now: 5 }, "now", /function/],
  "a tolerance that is no number": [{ clockToleranceSec: "30" }, "clockToleranceSec", /number/],
  "a tolerance of an hour": [{ clockToleranceSec: 3600 }, "clockToleranceSec", /600/],
  "two providers of one issuer": [
    { providers: { p: { issuer, audience }, q: { issuer, audience: "other" } } },
    "providers.q",
    /same issuer/,
  ],
};

export function tests({ arcgate: { JwtVerifier, verifyJws }, wasm, assert }) {
  const all = {};
  const refuses = (name, options, subject, pattern) => {
    all[`configuration: ${name} is ERR_CONFIG`] = async () => {
      const error = await assert.refused(JwtVerifier.create(options), "ERR_CONFIG", pattern);
      assert.equal(error.details.subject, subject);
      assert.ok(error.message.includes(`\`${subject}\``), `${error.message} names ${subject}`);
    };
  };
  for (const [name, [options, subject, pattern]] of Object.entries(providers)) {
    refuses(name, { providers: { p: { issuer, audience, ...options } } }, `providers.${subject}`, pattern);
  }
  for (const [name, [options, subject, pattern]] of Object.entries(wholes)) {
    refuses(
      name,
      name === "no providers" ? {} : { providers: { p: { issuer, audience } }, ...options },
      subject,
      pattern,
    );
  }

  all["configuration: what is right is taken, without I/O"] = async () => {
    const fetch = () => assert.ok(false, "nothing is to be fetched");
    for (const provider of [
      { issuer, audience },
      { issuer: "http://127.0.0.1:9000", audience },
      { issuer: "http://localhost:9000", audience: [audience, "other"] },
      { issuer, audience: null, jwksUri: "http://[::1]:9000/keys" },
      { issuer: "joe", audience, jwks },
      { issuer: "joe", audience, secret: secret(32), algorithms: ["HS256"] },
      { issuer: "http-gateway", audience, jwks },
      { issuer: "https", audience, jwks },
      { issuer: "joe", audience, secret: secret(32), jwks, algorithms: ["HS256", "ES256"] },
      { issuer, audience, secret: secret(32), algorithms: ["HS256", "ES256"] },
      { issuer, audience, discoveryUrl: `${issuer}/policy/.well-known/openid-configuration` },
      { issuer: `${issuer}/{tenantid}/v2.0`, tenants: ["a-1"], audience },
      { issuer: `${issuer}/{tenantid}/v2.0`, tenants: "any", audience, jwks, principalClaim: ["oid", "sub"] },
      {
        issuer,
        audience,
        jwks: undefined,
        algorithms: ["ES256"],
        optionalClaims: ["iat"],
        principalClaim: "oid",
        labelClaims: { tenant: "tid" },
      },
    ]) {
      await JwtVerifier.create({
        providers: { p: provider },
        fetch,
        tokenCache: { maxEntries: 10 },
        jwksCache: { timeoutMs: 1000 },
        clockToleranceSec: 0,
      });
    }
  };

  all["configuration: a secret can be overwritten afterwards, and a fresh instance still has it"] = async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const hs256 = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const options = { providers: { p: { issuer: "joe", audience, secret: bytes } }, now: () => 1_000_000 };
    const verifier = await JwtVerifier.create(options);
    bytes.fill(0);
    const claims = { iss: "joe", aud: audience, sub: "s", iat: 1000, exp: 1001 };
    const input = `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(claims))}`;
    const signature = await crypto.subtle.sign("HMAC", hs256, new TextEncoder().encode(input));
    const token = `${input}.${encode(new Uint8Array(signature))}`;
    await verifier.verify(token);
    wasm.recoverFrom(new WebAssembly.RuntimeError("as after a trap"));
    await verifier.verify(token);
  };

  all["configuration: verifyJws wants algorithms and a key that can be used"] = async () => {
    for (const options of [
      undefined,
      {},
      { algorithms: [] },
      { algorithms: "ES256" },
      { algorithms: ["none"] },
      { algorithms: [7] },
    ]) {
      await assert.refused(verifyJws("a.b.c", jwk, options), "ERR_CONFIG", /algorithms/);
    }
    for (const key of [
      undefined,
      null,
      {},
      { keys: [] },
      { keys: 7 },
      { ...jwk, d: "AAAA" },
      { kty: "oct", k: "AAAA" },
    ]) {
      await assert.refused(verifyJws("a.b.c", key, { algorithms: ["ES256"] }), "ERR_CONFIG");
    }
  };

  all["configuration: verifyJws says of what is no JWK how it becomes one"] = async () => {
    const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const cycle = { keys: [] };
    cycle.keys.push(cycle);
    for (const [key, pattern] of [
      [publicKey, /CryptoKey.*exportKey/],
      [Promise.resolve(jwk), /must be a JWK/],
      [[jwk], /\{ keys: \[…\] \}/],
      [secret(32), /bytes.*"oct"/],
      [secret(32).buffer, /bytes/],
      [JSON.stringify(jwk), /text/],
      ["-----BEGIN PUBLIC KEY-----", /PEM/],
      [7, /must be a JWK/],
      [7n, /must be a JWK/],
      [true, /must be a JWK/],
      [Symbol("key"), /must be a JWK/],
      [() => jwk, /must be a JWK/],
      [{ ...jwk, x: 7n }, /`keys\.x`/],
      [{ ...jwk, x: () => 7 }, /`keys\.x`/],
      [cycle, /holds itself/],
      [{ keys: [jwk, { kty: "oct", k: encode("x".repeat(32)) }] }, /mixes/],
      [
        {
          keys: [
            { ...jwk, kid: "a" },
            { ...jwk, kid: "a" },
          ],
        },
        /more than one key of the `kid` "a"/,
      ],
    ]) {
      const error = await assert.refused(verifyJws("a.b.c", key, { algorithms: ["ES256"] }), "ERR_CONFIG", pattern);
      assert.equal(error.details.fault, "configuration");
    }
    for (const algorithms of [7n, "ES256", [7n], [Symbol("x")], { 0: "ES256" }])
      await assert.refused(verifyJws("a.b.c", jwk, { algorithms }), "ERR_CONFIG", /algorithms/);
  };

  all["configuration: arguments of a wrong type are the caller's mistake, and say so"] = async () => {
    const verifier = await JwtVerifier.create({ providers: { p: { issuer, audience } } });
    for (const [token, pattern] of [
      ["Bearer a.b.c", /^the token begins with "Bearer "/],
      ["bearer a.b.c", /^the token begins with "Bearer "/],
      [" a.b.c", /^the token begins with white space/],
      ["a.b.c\n", /^the token ends with white space/],
      ["a==.b.c", /padded/],
    ]) {
      const error = await assert.refused(verifier.verify(token), "ERR_TOKEN_MALFORMED", pattern);
      assert.equal(error.details.fault, "caller");
      await assert.refused(verifyJws(token, jwk, { algorithms: ["ES256"] }), "ERR_TOKEN_MALFORMED", pattern);
    }
    for (const scopes of ["a", 7, [7], { 0: "a" }, null])
      await assert.refused(verifier.verify("a.b.c", { scopes }), "ERR_CONFIG", /scopes/);
    const cycle = [];
    cycle.push(cycle);
    for (const snapshots of [7n, cycle, "[]", [7n], undefined]) {
      try {
        verifier.importKeys(snapshots);
        assert.ok(false, "taken");
      } catch (error) {
        assert.equal(error.code, "ERR_CONFIG", error.message);
      }
    }
  };
  return all;
}
