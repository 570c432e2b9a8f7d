// What the types must allow, and what they must not: providers and the verifier of their tokens. Compiled and never run.

import {
  type JwksSnapshot,
  type JwksStore,
  JwtVerifier,
  type Principal,
  type ProviderOptions,
  ready,
  type VerifiedToken,
  verifyJws,
  type version,
} from "arcgate";
import { check, type Equal } from "./check.js";

const minimal: ProviderOptions = { issuer: "https://issuer.example", audience: "https://api.example" };
const several = { issuer: "https://issuer.example", audience: ["a", "b"] } as const satisfies ProviderOptions;
const anyAudience: ProviderOptions = { issuer: "https://issuer.example", audience: null };

// @ts-expect-error an audience must be given; null is the loud way not to
const noAudience: ProviderOptions = { issuer: "https://issuer.example" };
// @ts-expect-error undefined is no audience
const undefinedAudience: ProviderOptions = { issuer: "https://issuer.example", audience: undefined };
// @ts-expect-error an issuer must be given
const noIssuer: ProviderOptions = { audience: "a" };
// @ts-expect-error the key is jwksUri
const misspelt: ProviderOptions = { ...minimal, jwks_uri: "https://issuer.example/keys" };
// @ts-expect-error there is no such algorithm
const none: ProviderOptions = { ...minimal, algorithms: ["none"] };
// @ts-expect-error a secret is bytes
const textSecret: ProviderOptions = { ...minimal, secret: "hunter2" };
// @ts-expect-error `aud` can't be made optional: audience null says that
const optionalAud: ProviderOptions = { ...minimal, optionalClaims: ["aud"] };
// @ts-expect-error a required value is JSON
const functionClaim: ProviderOptions = { ...minimal, requiredClaims: { ver: () => true } };

const full: ProviderOptions = {
  ...minimal,
  jwksUri: "https://issuer.example/keys",
  algorithms: ["RS256", "EdDSA"],
  requiredScopes: ["read"],
  scopeClaims: ["scope", "/realm_access/roles"],
  typ: ["at+jwt"],
  requiredClaims: { token_use: "access", client_id: ["a", "b"], email_verified: true, version: 2 },
  optionalClaims: ["iat"],
  principalClaim: "oid",
  labelClaims: { tenant: "tid" },
  maxTokenAgeSec: 600,
  maxLifetimeSec: 3600,
};

const tenants: ProviderOptions = {
  issuer: "https://login.example/{tenantid}/v2.0",
  audience: "api",
  tenants: ["a", "b"],
  discoveryUrl: "https://login.example/common/v2.0/.well-known/openid-configuration",
  principalClaim: ["oid", "sub"],
};
// @ts-expect-error tenants are listed, or "any"
const everybody: ProviderOptions = { ...tenants, tenants: "all" };
const anybody: ProviderOptions = { ...tenants, tenants: "any" };

const store: JwksStore = { get: async () => undefined, put: async (_issuer: string, _snapshot: JwksSnapshot) => {} };

export async function verify(token: string, key: JsonWebKey, signal: AbortSignal | undefined) {
  await ready();
  check<Equal<typeof version, string>>();
  const verifier = await JwtVerifier.create({
    providers: {
      minimal,
      several,
      anyAudience,
      full,
      tenants,
      anybody,
      everybody,
      fixed: { ...minimal, jwks: { keys: [key] } },
    },
    clockToleranceSec: 5,
    checkClaims: (verified) => {
      if (verified.claims.tenant !== "acme") throw new Error("another tenant");
    },
    isRevoked: async ({ claims: { jti } }) => jti === "gone",
    tokenCache: false,
    jwksCache: { maxAgeSec: 600, store },
    fetch,
    now: Date.now,
    onEvent: (event) => {
      if (event.type === "token.refused") check<Equal<typeof event.code, string>>();
    },
  });
  const verified = await verifier.verify(token, { scopes: ["read"], signal });
  check<Equal<typeof verified, VerifiedToken>>();
  check<Equal<typeof verified.principal, Principal>>();
  check<Equal<(typeof verified.claims)[string], unknown>>();

  // @ts-expect-error claims are unknown until they are looked at
  verified.claims.sub.length;
  // @ts-expect-error nobody changes who the principal is
  verified.principal.id = "root";
  // @ts-expect-error a token is text
  await verifier.verify(undefined);
  // @ts-expect-error made by create, which loads the module
  new JwtVerifier({ providers: { minimal } });
  // @ts-expect-error providers must be given
  await JwtVerifier.create({});
  // @ts-expect-error the option is clockToleranceSec
  await JwtVerifier.create({ providers: { minimal }, clockTolerance: 5 });

  verifier.importKeys(verifier.exportKeys());
  check<Equal<ReturnType<typeof verifier.exportKeys>, JwksSnapshot[]>>();
}

export async function bare(jws: string, key: JsonWebKey) {
  const { header, payload } = await verifyJws(jws, key, { algorithms: ["ES256"] });
  check<Equal<typeof payload, Uint8Array>>();
  check<Equal<typeof header, Record<string, unknown>>>();
  await verifyJws(jws, { keys: [key, { kty: "oct", k: "AAAA" }] }, { algorithms: ["HS256"] });
  // @ts-expect-error the algorithms must be given
  await verifyJws(jws, key);
  // @ts-expect-error as a list
  await verifyJws(jws, key, { algorithms: "ES256" });
}

export const refused = [
  noAudience,
  undefinedAudience,
  noIssuer,
  misspelt,
  none,
  textSecret,
  optionalAud,
  functionClaim,
];
