// Providers of identity, and their keys.

/** On what terms a provider's tokens are accepted. Recipes for common providers are in the documentation. */
export interface ProviderOptions {
  /** Exactly what its tokens have in `iss`; a slash at the end counts. With `{tenantid}` in it: one issuer for each of `tenants`. */
  issuer: string;
  /**
   * With `{tenantid}` in `issuer`: whose tokens are accepted. The token's `tid` fills it in, and the principal's issuer is the
   * one that is filled in. "any": every tenant that the provider signs for.
   */
  tenants?: readonly string[] | "any";
  /** What this API is called in `aud`; one of several will do. `null` accepts any audience, or none. */
  audience: string | readonly string[] | null;
  /** Where its keys are. Default: what the issuer's metadata says, OpenID's or RFC 8414's. */
  jwksUri?: string;
  /** Where its metadata is, if that isn't at the issuer (Azure B2C). The document must still name `issuer`. */
  discoveryUrl?: string;
  /** Its keys, fixed: no network. */
  jwks?: Jwks;
  /**
   * A shared secret of at least 32 bytes, for HS256, HS384 and HS512 and nothing else. It is copied. Beside public keys, in a
   * migration, when `algorithms` lists both kinds.
   */
  secret?: Uint8Array;
  /** In a Worker's variable: the name of the secret that holds it. */
  secretEnv?: string;
  /** Default: all asymmetric ones; with a secret, the symmetric ones. */
  algorithms?: readonly Algorithm[];
  /** Scopes that every token needs. There, and undefined: ERR_CONFIG. */
  requiredScopes?: readonly string[];
  /** The claims that hold scopes, as a string or a list; "/realm_access/roles" is a path. Default: ["scope", "scp"]. */
  scopeClaims?: readonly string[];
  /** The kinds of token in the header's `typ`. Default: at+jwt, JWT, and none. */
  typ?: readonly string[];
  /** Claims that a token needs beyond iss, exp, iat, aud and sub; as a record, with the values that they may have. */
  requiredClaims?: readonly string[] | { readonly [name: string]: JsonValue };
  /** Takes one of the claims that every token needs away, such as "iat". */
  optionalClaims?: readonly ("iat" | "sub" | "exp")[];
  /** The claim that names the principal; of several the first that is there and not empty. Default: "sub". */
  principalClaim?: string | readonly string[];
  /** Label -> claim: what the principal's labels are taken from. */
  labelClaims?: Readonly<Record<string, string>>;
  /** How long after `iat` a token is accepted at most. */
  maxTokenAgeSec?: number;
  /** How long a token may live by its own account. Over an hour is an event by default, not a refusal. */
  maxLifetimeSec?: number;
}

/** An algorithm. `EdDSA` and `Ed25519` are two names of one. */
export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"
  | "HS256"
  | "HS384"
  | "HS512";

/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A public key (RFC 7517), or, for verifyJws alone, a shared secret (`kty` "oct"). What else it says is not looked at. */
export interface Jwk {
  kty?: string;
  kid?: string;
  use?: string;
  key_ops?: string[];
  alg?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
  k?: string;
  x5c?: string[];
  x5t?: string;
  "x5t#S256"?: string;
  x5u?: string;
  /** The issuer whose tokens alone the key signs (Entra ID). Where it is left out or empty: whatever its provider's are. */
  issuer?: string | null;
}

/** A set of keys (RFC 7517 §5). */
export interface Jwks {
  keys: Jwk[];
}

/** The keys of a provider, with their age. */
export interface JwksSnapshot {
  issuer: string;
  jwks: Jwks;
  fetchedAt: number;
  expiresAt: number;
}

/** A second tier for keys, shared by isolates: Workers KV, say. What goes wrong in it harms nobody. */
export interface JwksStore {
  get(issuer: string): Promise<JwksSnapshot | null | undefined>;
  put(issuer: string, snapshot: JwksSnapshot): Promise<void>;
}

export interface JwksCacheOptions {
  /** The hard limit: so long after its fetch a key stops working, unless `staleIfErrorSec` holds it. Default: 600. */
  maxAgeSec?: number;
  /** The least time between two fetches that unknown keys cause. Default: 5. */
  cooldownSec?: number;
  /** How long known keys go on working while the provider is out of reach. Default: 3600. */
  staleIfErrorSec?: number;
  /** How long one request to the provider may take, and each of `isRevoked` and `checkClaims`. Default: 5000. */
  timeoutMs?: number;
  store?: JwksStore;
}
