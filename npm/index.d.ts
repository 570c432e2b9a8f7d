/// <reference lib="esnext.disposable" />
// Types of arcgate. Every class is made by its `create`, which loads the WebAssembly module by itself.
// Times: `...Sec` in seconds, `...Ms` in milliseconds, instants as NumericDate (seconds since 1970).

/** Loads the module early, so that the first verification needn't wait for it. Nobody has to call it. */
export function ready(): Promise<void>;

/** The version of this package. */
export const version: string;

// ---- identity ------------------------------------------------------------------------------------------------------

/** Who a verified credential says the caller is. */
export interface Principal {
  /** An injective encoding of kind, issuer and id: two principals have the same key only if they are the same. */
  readonly key: string;
  /** What the identity rests on. Principals of different kinds are never the same. */
  readonly kind: "jwt" | "static" | "dev" | "anonymous" | "custom";
  /** The token's issuer, for the kind "jwt". */
  readonly issuer?: string;
  /** Its name within kind and issuer: by default the token's `sub`. */
  readonly id: string;
  /** What `labelClaims` took from the token. */
  readonly labels: Readonly<Record<string, string>>;
  /** What it was granted; left out where scopes don't apply. */
  readonly scopes?: readonly string[];
  /** When its credential ends. */
  readonly expiresAt?: number;
}

/** What somebody claims to be allowed with. Nothing of it is verified. */
export interface Credentials {
  /** The scheme's name, "bearer" say. Its case makes no difference. */
  scheme: string;
  token?: string;
}

/** Where the credentials came from. */
export interface VerifierContext {
  transport: "http" | "websocket";
  url: string;
  remoteAddress?: string | undefined;
  /** Aborted when the caller has gone. */
  signal?: AbortSignal | undefined;
  /** Where the platform has it: keeps work alive after the response, the fetch of fresh keys say. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** What a verifier of your own gives for a caller whom it accepts: a principal of the kind "custom" is made of it. */
export interface CustomPrincipal {
  id: string;
  labels?: Readonly<Record<string, string>>;
  scopes?: readonly string[];
  expiresAt?: number;
}

/**
 * Decides who is let in. Any object with `authenticate` is one. `null` refuses; an ArcgateError refuses with a reason, or,
 * if it is `retryable`, says "ask later" (503).
 */
export interface Verifier {
  /** How long after `expiresAt` its principals are still good; what outlives a request (a stream) ends with it. */
  readonly clockToleranceSec?: number | undefined;
  /**
   * Whether `authenticate` may refuse what it has accepted before (by any code that no retry helps), give nobody for it, somebody
   * else, or fewer scopes. A live ARCP session, and a long request, is then asked about every four seconds, and ends.
   */
  readonly asksRevocation?: boolean;
  authenticate(credentials: Credentials, context: VerifierContext): Promise<Principal | CustomPrincipal | null>;
}

// ---- verifying JWTs ------------------------------------------------------------------------------------------------

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

/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

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
  /** How long one request to the provider may take. Default: 5000. */
  timeoutMs?: number;
  store?: JwksStore;
}

export interface TokenCacheOptions {
  /** Default: 1000. */
  maxEntries?: number;
  /** Default: 4 MiB. */
  maxBytes?: number;
  /** A token is verified anew after so long. Default: 300. */
  maxAgeSec?: number;
}

export interface JwtVerifierOptions {
  /** By a name for logs and messages. Identity uses the issuer. */
  providers: Readonly<Record<string, ProviderOptions>>;
  /** How far clocks may be apart. Default: 30. */
  clockToleranceSec?: number;
  /** Your own check, of verified tokens only: throw to refuse. It runs on every verification. */
  checkClaims?: (token: VerifiedToken) => void | Promise<void>;
  /** Asked on every verification, of tokens seen before too. If it throws, the call fails with ERR_VERIFIER_UNAVAILABLE. */
  isRevoked?: (token: VerifiedToken) => boolean | Promise<boolean>;
  /** The cache of verified tokens. Time, scopes and your own checks are looked at on hits too. Default: on. */
  tokenCache?: TokenCacheOptions | false;
  jwksCache?: JwksCacheOptions;
  /** Instead of the platform's. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The present in milliseconds. Default: Date.now. */
  now?: () => number;
  onEvent?: (event: AuditEvent) => void;
  /**
   * Hosts in a network of your own to which plain http and ws may go: exactly these, with exactly these ports, such as
   * "keycloak:8080". Whoever is on that network can read and change what goes there. One line in the log says so. Default: none.
   */
  insecureHosts?: readonly string[];
}

/** What a verifier of JWTs did. No event ever holds a token. */
export type AuditEvent =
  | { type: "token.accepted"; time: number; provider: string; principal: Principal["key"] }
  | { type: "token.refused"; time: number; code: string; reason: string }
  | { type: "token.long_lived"; time: number; provider: string; reason: string }
  | { type: "keys.fetched"; time: number; provider: string };

/** A token whose signature and claims hold. It is the caller's own copy. */
export interface VerifiedToken {
  readonly claims: Record<string, unknown>;
  readonly header: Record<string, unknown>;
  /** The name that the configuration gives its provider. */
  readonly provider: string;
  readonly principal: Principal;
  readonly scopes: string[];
  readonly expiresAt: number;
}

/** Verifies JWTs of the configured providers. */
export class JwtVerifier implements Verifier {
  private constructor();
  /** Makes a verifier, without I/O: discovery and keys are fetched at first use. Throws ERR_CONFIG, which names option and fix. */
  static create(options: JwtVerifierOptions): Promise<JwtVerifier>;
  readonly clockToleranceSec: number;
  readonly asksRevocation: boolean;
  /** Verifies a token. `scopes`: what it needs for this call, besides the provider's `requiredScopes`. */
  verify(token: string, options?: VerifyOptions): Promise<VerifiedToken>;
  authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null>;
  /** The providers' keys with their age, for a second tier or another isolate. */
  exportKeys(): JwksSnapshot[];
  /** Takes keys over. They are checked again and keep their age. */
  importKeys(keys: readonly JwksSnapshot[]): void;
}

/** Any other name is ERR_CONFIG. */
export interface VerifyOptions {
  /** What the token needs for this call. There, and undefined or no list: ERR_CONFIG, so that no requirement vanishes. */
  scopes?: readonly string[];
  /** Gives the call up; the keys that it was waiting for are fetched nevertheless. */
  signal?: AbortSignal | undefined;
  /** Where the platform has it: keeps a fetch of fresh keys alive after the response. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/**
 * Verifies one compact JWS (RFC 7515) with the keys handed over, and looks at no claims. A key that stands alone is used
 * whatever `kid` says; of a set, the `kid` chooses, and without any `kid` each of up to four keys is tried. A set that mixes
 * shared secrets with public keys, or has a `kid` twice, is ERR_CONFIG.
 */
export function verifyJws(
  jws: string,
  keys: Jwk | Jwks,
  options: { algorithms: readonly Algorithm[] },
): Promise<{ header: Record<string, unknown>; payload: Uint8Array }>;

/**
 * The principal of the request's Authorization header. Throws what `errorResponse` makes the right 400, 401, 403 or 503 of.
 * `scopes` is checked as for `JwtVerifier.verify`.
 */
export function authenticateRequest(
  request: Request,
  verifier: Verifier,
  options?: { scopes?: readonly string[] },
): Promise<Principal>;

/**
 * The answer to a request that was refused, with WWW-Authenticate or Retry-After. It tells the caller no reason: log the error
 * for that.
 */
export function errorResponse(error: unknown): Response;

// ---- other verifiers -----------------------------------------------------------------------------------------------

/** Known tokens. Only their hashes are kept, and each is compared, without an early exit. */
export class StaticBearerVerifier implements Verifier {
  private constructor();
  /** Token -> the principal's id, or more of the principal. */
  static create(tokens: Readonly<Record<string, string | StaticPrincipal>>): Promise<StaticBearerVerifier>;
  authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null>;
}

export interface StaticPrincipal {
  id: string;
  labels?: Readonly<Record<string, string>>;
  scopes?: readonly string[];
}

/** For development: any token is its own subject. The Worker runs it with DEV_MODE and on loopback only. */
export class AllowAnyBearerVerifier implements Verifier {
  private constructor();
  static create(): Promise<AllowAnyBearerVerifier>;
  authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null>;
}

/** For development: any token that is not blank is the principal `dev:<token>`. The Worker runs it with DEV_MODE and on loopback only. */
export class DevModeBearerVerifier implements Verifier {
  private constructor();
  static create(): Promise<DevModeBearerVerifier>;
  authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null>;
}

/** Nobody is let in: what runs when nothing is configured. */
export class DenyAllVerifier implements Verifier {
  private constructor();
  static create(): Promise<DenyAllVerifier>;
  authenticate(credentials?: Credentials, context?: Partial<VerifierContext>): Promise<null>;
}

/** One verifier for each scheme: "bearer", "none", "x-vendor.acme.key", … Other schemes are refused. */
export class SchemeRouter implements Verifier {
  private constructor();
  static create(routes: Readonly<Record<string, Verifier>>): Promise<SchemeRouter>;
  /** The least that its verifiers have: whose principal it was is not known afterwards. */
  readonly clockToleranceSec: number | undefined;
  readonly asksRevocation: boolean;
  authenticate(credentials: Credentials, context: VerifierContext): Promise<Principal | CustomPrincipal | null>;
}

/** The first verifier that accepts. A refusal goes on to the next; an outage doesn't. */
export class FirstOf implements Verifier {
  private constructor();
  static create(verifiers: readonly Verifier[]): Promise<FirstOf>;
  /** The least that its verifiers have: whose principal it was is not known afterwards. */
  readonly clockToleranceSec: number | undefined;
  readonly asksRevocation: boolean;
  authenticate(credentials: Credentials, context: VerifierContext): Promise<Principal | CustomPrincipal | null>;
}

// ---- access tokens over time ----------------------------------------------------------------------------------------

/** Access tokens that are there when they are needed: obtained, refreshed before they end, revoked. */
export class TokenManager {
  /** Makes a manager. Does no I/O: the first token is obtained when it is asked for. */
  static create(source: TokenSource, options?: TokenManagerOptions): Promise<TokenManager>;
  private constructor();
  /**
   * The access token: the present one, or a new one if that is needed. However many ask at once, one request is sent.
   * Throws ERR_REFRESH_UNAVAILABLE (ask later) or ERR_REFRESH_REJECTED only when there is no valid token.
   */
  getToken(options?: {
    /** How long the token shall live on. At most half of its life can be asked for. Default: 0. */
    minValiditySec?: number;
    /** Not the present token, and none that is on its way: one that is asked for after this call. Calls at the same time share it. */
    forceRefresh?: boolean;
    signal?: AbortSignal;
    /** A Worker's `ctx.waitUntil`: a refresh that begins here may outlive the request. */
    waitUntil?: (promise: Promise<unknown>) => void;
  }): Promise<string>;
  /** Takes a token that was obtained elsewhere. */
  setToken(token: string | TokenResponse): void;
  /** A server refused this token: it is dropped if it is still the present one. */
  invalidate(token: string): void;
  /**
   * Revokes the tokens (RFC 7009) and forgets them. They are forgotten, too, when the provider does not confirm: then it
   * throws.
   */
  revoke(options?: { waitUntil?: (promise: Promise<unknown>) => void }): Promise<void>;
  /**
   * Begins a login (authorization code with PKCE S256, RFC 7636): where to send the person. The login waits up to 10 minutes
   * for its answer: in a page in sessionStorage, elsewhere in `storage`, or in this manager's memory.
   */
  beginLogin(options?: {
    /** Where the page goes on afterwards: a URL of the origin of `redirectUri`. Any other is ERR_CONFIG. */
    returnTo?: string | URL;
    /** Parameters of this login alone, such as `prompt` or `login_hint`; they stand in the place of the source's of the same name. */
    authorizationParams?: Record<string, string>;
  }): Promise<URL>;
  /**
   * Ends a login: takes the URL that the provider sent the person back to. `claims` are those of the ID token, verified.
   * `returnTo` is a path with query and fragment. An answer counts once; called again with the same URL in the same page, it
   * gives the same result. Throws ERR_LOGIN_REJECTED: `details.subject` is the provider's name for the error, or what was
   * wrong ("state", "iss", "nonce", "azp", or the code of the ID token's verification).
   */
  completeLogin(url: string | URL): Promise<{ claims?: Record<string, unknown>; returnTo?: string }>;
  /**
   * Forgets the tokens, and revokes the refresh token if the provider lets it. Gives the URL to send the person to, so that
   * they are logged out at the provider too (OpenID Connect RP-Initiated Logout 1.0), if it has such a place. The URL holds
   * the ID token, as that standard wants it.
   */
  logout(options?: { waitUntil?: (promise: Promise<unknown>) => void }): Promise<URL | undefined>;
  /** When the present token ends, as a NumericDate by this machine's clock. */
  readonly expiresAt: number | undefined;
  readonly state: "empty" | "valid" | "refreshing" | "failed";
  /** Ends timers and listeners. */
  close(): void;
}

export interface TokenManagerOptions {
  /** How long before its end a token is refreshed; half of its life at most. Default: 60, and a fifth of a short life. */
  refreshLeadSec?: number;
  /** The time-out of one request. Default: 10000. */
  timeoutMs?: number;
  /** Where tokens survive this page or isolate. Default: "memory", nowhere. */
  storage?: "memory" | "session" | "encrypted" | TokenStorage;
  /**
   * Tabs of one origin with the same source share their tokens, and one of them refreshes. Pages only. Default: false, and true
   * with "encrypted", which all tabs have in common.
   */
  shareAcrossTabs?: boolean;
  /** Instead of the platform's. */
  fetch?: typeof fetch;
  /** The present in milliseconds. Default: Date.now. */
  now?: () => number;
  onEvent?: (event: TokenEvent) => void;
  /** As {@link JwtVerifierOptions.insecureHosts}. */
  insecureHosts?: readonly string[];
}

/** A place for tokens, such as KV or a Durable Object. What it holds is secret. */
export interface TokenStorage {
  get(): Promise<StoredTokens | null | undefined>;
  put(tokens: StoredTokens): Promise<void>;
  delete(): Promise<void>;
}

/** What a storage keeps: data that JSON can hold. */
export interface StoredTokens {
  /** Whose tokens they are; those of another source are not used. */
  source: string;
  accessToken?: string;
  refreshToken?: string;
  idToken?: string;
  scope?: string;
  obtainedAt: number;
  expiresAt?: number;
  /** Logins that wait for their answers, where there is no page. */
  logins?: object[];
}

/** A token endpoint's answer (RFC 6749 section 5.1). */
export interface TokenResponse {
  access_token: string;
  token_type?: string;
  /** Seconds. */
  expires_in?: number | string;
  /** A NumericDate. */
  expires_at?: number | string;
  refresh_token?: string;
  scope?: string;
  id_token?: string;
}

/** Where tokens come from. */
export type TokenSource =
  | { type: "static"; token: string }
  | {
      type: "callback";
      /** Gives a token. With any `reason` but "initial", caches must be bypassed. */
      fetchToken: (context: {
        reason: "initial" | "expiring" | "refused" | "forced";
        signal: AbortSignal;
      }) => Promise<string | TokenResponse> | string | TokenResponse;
    }
  | {
      type: "client_credentials";
      issuer?: string;
      tokenEndpoint?: string;
      clientId: string;
      clientSecret?: string;
      clientAuth?: "client_secret_basic" | "client_secret_post" | "private_key_jwt";
      privateKey?: CryptoKey;
      keyId?: string;
      algorithm?: string;
      /** `aud` of what the key signs. Default: `tokenEndpoint`, or else `issuer`. */
      assertionAudience?: string;
      /** The certificate's hash in base64url, by which Entra ID finds it. */
      assertionHeader?: { x5t?: string; "x5t#S256"?: string };
      scope?: string;
      audience?: string;
      resource?: string;
      parameters?: Record<string, string>;
    }
  | {
      type: "refresh_token";
      issuer?: string;
      tokenEndpoint?: string;
      clientId: string;
      /** For a client that has one; others are public. */
      clientSecret?: string;
      clientAuth?: "client_secret_basic" | "client_secret_post" | "private_key_jwt";
      privateKey?: CryptoKey;
      keyId?: string;
      algorithm?: string;
      /** `aud` of what the key signs. Default: `tokenEndpoint`, or else `issuer`. */
      assertionAudience?: string;
      /** The certificate's hash in base64url, by which Entra ID finds it. */
      assertionHeader?: { x5t?: string; "x5t#S256"?: string };
      refreshToken: string;
      scope?: string;
      audience?: string;
      resource?: string;
      parameters?: Record<string, string>;
    }
  | {
      type: "authorization_code";
      /** Its metadata names the endpoints (OpenID discovery, or RFC 8414). */
      issuer: string;
      /** A public client: it has no secret. */
      clientId: string;
      /** Absolute, and registered with the provider. */
      redirectUri: string;
      /** Where the provider sends the person after a logout. */
      postLogoutRedirectUri?: string;
      /** Default: "openid". Many providers give a refresh token for "offline_access" only. */
      scope?: string;
      audience?: string;
      resource?: string;
      /** Further parameters of the authorization request, such as `prompt` or `login_hint`. */
      authorizationParams?: Record<string, string>;
    };

/** What happened. It never holds a token. */
export type TokenEvent = { time: number } & (
  | { type: "refreshed"; reason: "initial" | "expiring" | "refused" | "forced"; expiresAt?: number; scope?: string }
  /** The token came out of the storage, or from another tab. */
  | { type: "adopted"; expiresAt?: number }
  /** No token came. `final`: there will be no further attempt until tokens are handed in (of a machine's source: for 6 hours). */
  | { type: "failed"; code: ErrorCode; reason: string; final: boolean; retryAt?: number }
  /** A token ended before another one came. */
  | { type: "expired" }
  | { type: "revoked" }
  /** The tokens were forgotten: somebody logged out in another tab. */
  | { type: "signed_out" }
  /** The storage failed: the tokens are in memory only. */
  | { type: "not_stored" }
);

// ---- asking agents -------------------------------------------------------------------------------------------------

/**
 * A bearer token: asked for at each call. A string can't be renewed; a TokenManager (or what has its two methods), or a
 * function, is asked for another one when a server calls the token expired.
 */
export type Bearer = string | TokenGiver | (() => string | Promise<string>);

/** What a client needs of a TokenManager. */
export interface TokenGiver {
  getToken(options?: { forceRefresh?: boolean; signal?: AbortSignal }): Promise<string>;
  /** The server refused this token: it is dropped if it is still the current one. */
  invalidate?(token: string): void;
}

export interface ArcClientOptions {
  /** Where requests go: https, or http on this machine. Redirects are not followed. */
  endpoint: string | URL;
  /** The name in which they are asked. */
  requestAgent: string;
  /** What each request is authenticated with. */
  token: Bearer;
  /** Default: the platform's. A Worker's service binding, say: `(...request) => env.AGENT.fetch(...request)`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** How long an answer may take, the token and a retry included; of a stream, its beginning and each next piece. Default: 60000. */
  timeoutMs?: number;
  limits?: {
    /** Of an answer that is no stream. Default: 24 MiB, which has place for the largest result that a gate sends by default. */
    maxAnswerBytes?: number;
    /** Of one event of a stream. Default: 24 MiB. */
    maxEventBytes?: number;
    /** Of a whole stream. Default: 64 MiB. */
    maxStreamBytes?: number;
  };
  /** As {@link JwtVerifierOptions.insecureHosts}. */
  insecureHosts?: readonly string[];
}

/** What every call takes. */
export interface ArcCall {
  /** The agent that is asked. */
  targetAgent: string;
  /** The workflow that the call belongs to. */
  traceId?: string;
  /** Gives the call up, a stream included. */
  signal?: AbortSignal;
  /** Instead of the client's own. */
  timeoutMs?: number;
}

/** Asks agents over ARC 1.0, with a bearer token that is attached at each call. */
export class ArcClient {
  private constructor();
  /** Makes a client. Does no I/O, and asks for no token yet. */
  static create(options: ArcClientOptions): Promise<ArcClient>;
  readonly task: ArcTasks;
  readonly chat: ArcChats;
  /** Any method, by its name; the result as it came. With `params.stream: true` an iterable of events. */
  call<P extends object>(
    method: string,
    options: ArcCall & { params: P },
  ): P extends { readonly stream: true } ? ChatAnswer : Promise<unknown>;
}

/** The methods on tasks. */
export interface ArcTasks {
  create(
    options: ArcCall & { initialMessage: string | ArcMessage; priority?: ArcPriority; metadata?: object },
  ): Promise<ArcTaskResult>;
  send(options: ArcCall & { taskId: string; message: string | ArcMessage }): Promise<ArcSuccess>;
  info(
    options: ArcCall & { taskId: string; includeMessages?: boolean; includeArtifacts?: boolean },
  ): Promise<ArcTaskResult>;
  cancel(options: ArcCall & { taskId: string; reason?: string }): Promise<ArcTaskResult>;
  subscribe(
    options: ArcCall & { taskId: string; callbackUrl: string; events?: readonly ArcEvent[] },
  ): Promise<ArcSubscriptionResult>;
  /** Tells a subscriber of an event. It needs other scopes than the rest: `arc.task.notify` and `arc.agent.receiver`. */
  notification(
    options: ArcCall & { taskId: string; event: ArcEvent; timestamp: string; data: object },
  ): Promise<ArcSuccess>;
}

/** The methods on chats. */
export interface ArcChats {
  start(options: ArcCall & ArcChatStart & { stream: true }): ChatAnswer;
  start(options: ArcCall & ArcChatStart & { stream?: false }): Promise<ArcChatResult>;
  message(options: ArcCall & ArcChatMessage & { stream: true }): ChatAnswer;
  message(options: ArcCall & ArcChatMessage & { stream?: false }): Promise<ArcChatResult>;
  end(options: ArcCall & { chatId: string; reason?: string }): Promise<ArcChatResult>;
}

export interface ArcChatStart {
  initialMessage: string | ArcMessage;
  /** Your own name for the chat. Default: the agent makes one. */
  chatId?: string;
  metadata?: object;
}

export interface ArcChatMessage {
  chatId: string;
  message: string | ArcMessage;
}

/** A streamed answer: can be iterated at once, or awaited first, to learn whether it was refused. */
export type ChatAnswer = Promise<ChatStream> & AsyncIterable<ChatEvent>;

/** The events of a stream, read on when they are asked for. Leaving the loop gives the connection up. */
export interface ChatStream extends AsyncIterableIterator<ChatEvent> {
  return(value?: unknown): Promise<IteratorResult<ChatEvent>>;
}

/** A piece of a streamed answer. An error on the stream ends the iteration as an ArcgateError. */
export interface ChatEvent {
  /** `done` is the last one, where the agent sends it; `other` is an event that ARC doesn't know. */
  type: "message" | "done" | "other";
  /** The event's name on the wire. */
  event: string;
  chatId?: string;
  /** The next piece of the agent's message. */
  message?: ArcMessage;
  /** Of the chat. */
  status?: string;
  /** The event's data as it came. */
  data: unknown;
}

/** A string where a message is asked for is a user's message of one TextPart. */
export interface ArcMessage {
  role: "user" | "agent" | "system";
  parts: readonly ArcPart[];
  timestamp?: string;
  agentId?: string;
}

export type ArcPart =
  | { type: "TextPart"; content: string }
  | { type: "DataPart"; content: unknown; mimeType: string }
  | { type: "FilePart"; content: string; mimeType: string; filename?: string }
  | { type: "ImagePart"; content: string; mimeType: string; width?: number; height?: number }
  | { type: "AudioPart"; content: string; mimeType: string; duration?: number };

export type ArcPriority = "LOW" | "NORMAL" | "HIGH" | "URGENT";

export type ArcEvent =
  | "TASK_CREATED"
  | "TASK_STARTED"
  | "TASK_PAUSED"
  | "TASK_RESUMED"
  | "TASK_COMPLETED"
  | "TASK_FAILED"
  | "TASK_CANCELED"
  | "NEW_MESSAGE"
  | "NEW_ARTIFACT"
  | "STATUS_CHANGE";

// Results are given as they came: what an agent adds to them is there, and what it leaves out isn't.

export interface ArcTask {
  taskId: string;
  status: "SUBMITTED" | "WORKING" | "INPUT_REQUIRED" | "COMPLETED" | "FAILED" | "CANCELED";
  createdAt?: string;
  updatedAt?: string;
  completedAt?: string;
  canceledAt?: string;
  messages?: ArcMessage[];
  artifacts?: unknown[];
  metadata?: Record<string, unknown>;
}

export interface ArcTaskResult {
  type: "task";
  task: ArcTask;
}

export interface ArcSubscriptionResult {
  type: "task" | "subscription";
  subscription: {
    subscriptionId: string;
    taskId?: string;
    callbackUrl?: string;
    events?: ArcEvent[];
    active?: boolean;
  };
}

export interface ArcChatResult {
  type: "chat";
  chat: {
    chatId: string;
    status: "ACTIVE" | "PAUSED" | "CLOSED";
    message?: ArcMessage;
    participants?: string[];
    createdAt?: string;
    closedAt?: string;
    metadata?: Record<string, unknown>;
  };
}

export interface ArcSuccess {
  success: boolean;
  message?: string;
}

// ---- asking agents over ARCP 1.1 -----------------------------------------------------------------------------------

/** How a client shows who it is (ARCP 1.1 §6.1). */
export type ArcpAuth =
  | { scheme: "bearer"; token: Bearer }
  | { scheme: "none" }
  /** A scheme of a runtime's own; its credential may be any text without control characters. */
  | { scheme: `x-vendor.${string}`; token?: Bearer };

export interface ArcpClientOptions {
  /** Who asks. */
  client: { name: string; version: string };
  /** Asked for a token at every connection. */
  auth: ArcpAuth;
  /** The features that are offered (ARCP 1.1 §6.2); all that the protocol has by default. */
  features?: readonly string[];
  /** From the beginning of a connection to its welcome; 10 000 by default. */
  handshakeTimeoutMs?: number;
  /** How long the answer to a request may take; 30 000 by default. */
  requestTimeoutMs?: number;
  /** The largest result that comes in chunks; 64 MiB by default. */
  maxResultBytes?: number;
  /**
   * Whether a connection that is lost is made again, and the session resumed; true by default. Pauses are random, up to a bound
   * that doubles to `maxDelayMs` (30 000). Without `maxAttempts` it is tried for as long as it takes;
   * they are counted from the last connection that held for 10 s.
   */
  reconnect?: boolean | { maxDelayMs?: number; maxAttempts?: number };
  /** Asked when an open session loses its connection: false ends it. */
  shouldRetry?: (event: ClosedEvent) => boolean;
  /** A WebSocket class, for platforms without one (Node before 22). */
  WebSocket?: new (
    url: string,
  ) => WebSocket;
  /** Gives the connecting up, and later closes the session. */
  signal?: AbortSignal;
  onEvent?: (event: SessionEvent) => void;
  /** As {@link JwtVerifierOptions.insecureHosts}. */
  insecureHosts?: readonly string[];
}

/** How a connection ended (RFC 6455 §7.1.5, §7.1.6). */
export interface ClosedEvent {
  code: number;
  reason: string;
  wasClean: boolean;
}

/** What happens to a session. `time` is a NumericDate. */
export type SessionEvent = { readonly time: number } & (
  | { type: "connecting"; attempt: number }
  /** A new session. */
  | { type: "open"; sessionId: string }
  /** The same session on another connection. */
  | { type: "resumed"; sessionId: string }
  /** The same, because the token was about to end. */
  | { type: "tokenRefreshed"; sessionId: string }
  | { type: "reconnecting"; attempt: number; delayMs: number; code: ErrorCode; reason: string }
  /**
   * What can't be had any more. A session's end or a lost result fails the jobs that are named; after EVENTS they go on without
   * what they sent while nobody listened (or what nobody read, beyond what is kept), and after GAP the events with the numbers from
   * `fromSeq` to `toSeq` are missing. UNREADABLE: what can't be read was passed over; `message` says why.
   */
  | {
      type: "lost";
      reason: "RESUME_WINDOW_EXPIRED" | "NOT_RESUMED" | "RESULT" | "EVENTS" | "GAP" | "UNREADABLE" | (string & {});
      jobs: string[];
      fromSeq?: number;
      toSeq?: number;
      message?: string;
    }
  /** An error of the runtime that belongs to no request. */
  | { type: "error"; error: ArcgateError }
  /** Over; `code` is CLOSED after `close()`. */
  | { type: "closed"; code: "CLOSED" | ErrorCode; reason: string; error?: ArcgateError }
);

/** ARCP 1.1 over WebSocket, from the side that asks: one session, over as many connections as it takes. */
export class ArcpClient {
  private constructor();
  /**
   * Connects; resolves after the first welcome. The URL is wss://, or ws:// to this machine, and holds no secret.
   *
   * Throws ERR_UNAUTHENTICATED, ERR_HANDSHAKE_TIMEOUT, ERR_NETWORK, ERR_PROTOCOL, ERR_REMOTE, ERR_CONFIG, ERR_ABORTED, or what
   * the source of tokens throws. The first connection is tried once; with a fresh token once more when one is refused.
   */
  static connect(url: string | URL, options: ArcpClientOptions): Promise<ArcpClient>;
  readonly state: "connecting" | "open" | "reconnecting" | "closed";
  /** Changes when a session is lost and another one begins. */
  readonly sessionId: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** What both sides have agreed on. */
  readonly features: ReadonlySet<string>;
  readonly agents: readonly {
    readonly name: string;
    readonly versions?: readonly string[];
    readonly default?: string;
  }[];
  readonly heartbeatIntervalSec: number | undefined;
  /** Asks for a job (ARCP 1.1 §7.1); settles when the runtime has accepted or refused it. */
  submit(request: JobRequest): Promise<Job>;
  /** A page of the jobs that one may see (§6.6). */
  listJobs(filter?: JobFilter): Promise<JobPage>;
  /** Observes a job of another session (§7.6). A job of this session is given as it is. */
  subscribe(jobId: string, options?: { history?: boolean; fromEventSeq?: number; signal?: AbortSignal }): Promise<Job>;
  /** Ends the session (§6.7). Jobs go on at the runtime; what waits for them here fails with ERR_ABORTED. */
  close(reason?: string): Promise<void>;
  /** Settles once, when the session is over; never rejects. `code` is CLOSED after `close()`, else an ErrorCode. */
  readonly closed: Promise<{ code: string; reason: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface JobRequest {
  /** `name`, or `name@version`. */
  agent: string;
  input?: unknown;
  /** As in ARCP 1.1 §9: `{ "fs.read": ["/src/**"], "cost.budget": ["USD:5.00"] }`. */
  leaseRequest?: object;
  /** `{ expires_at: "2030-01-01T00:00:00Z" }` */
  leaseConstraints?: object;
  /** The same key and the same request mean the same job: only so can a submit be repeated after a lost connection. */
  idempotencyKey?: string;
  maxRuntimeSec?: number;
  /** 32 digits of lower-case hex; a random one by default. */
  traceId?: string;
  /** Gives the waiting up; a job that is accepted later is cancelled. */
  signal?: AbortSignal;
}

export interface JobFilter {
  status?: string | readonly string[];
  agent?: string;
  /** RFC 3339 */
  createdAfter?: string;
  limit?: number;
  cursor?: string;
  signal?: AbortSignal;
}

export interface JobPage {
  /** What else the runtime says of a job is there too, by its own names. */
  jobs: (Record<string, unknown> & {
    id: string;
    agent: string;
    status: string;
    createdAt?: string;
    parentJobId?: string;
    traceId?: string;
    lastEventSeq?: number;
  })[];
  nextCursor?: string;
}

/**
 * A job. Its events are read once, in order; leaving the loop gives up those that would follow. From 256 unread ones on the runtime
 * holds the rest back, or the job is unsubscribed until it is read, so that no other waits for it. What can't be had again, of more
 * than 4096 unread ones (or 16 MiB), or of more than 256 (1 MiB) when `result` is waited for and nobody reads, is dropped: an event
 * of the kind `x-vendor.arcgate.dropped` says how many, and the session's event `lost` of which job.
 *
 * The loop ends when the job does, whatever its outcome, and throws when events are lost with the session.
 */
export interface Job extends AsyncIterable<JobEvent> {
  readonly id: string;
  readonly agent: string;
  readonly traceId: string | undefined;
  /** The payload of `job.accepted` or `job.subscribed`: lease, budget, credentials. Those are secrets. */
  readonly details: Readonly<Record<string, unknown>>;
  /**
   * What the agent gives. A result that came in chunks is a string, or a Uint8Array if any of them is binary. Rejects with
   * ERR_REMOTE (`details.code` is the protocol's: CANCELLED, TIMEOUT, …), ERR_SESSION_LOST, ERR_PROTOCOL or ERR_ABORTED; never
   * becomes an unhandled rejection.
   */
  readonly result: Promise<unknown>;
  /** Asks for the job's end (§7.4); settles when the runtime agrees, or the job has ended. */
  cancel(reason?: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Gives the events up. A job of this session goes on, and its result comes. */
  unsubscribe(): Promise<void>;
}

/** An event of a job (ARCP 1.1 §8.2). */
export interface JobEvent {
  kind:
    | "log"
    | "thought"
    | "tool_call"
    | "tool_result"
    | "status"
    | "metric"
    | "artifact_ref"
    | "delegate"
    | "progress"
    | "result_chunk"
    | "x-vendor.arcgate.dropped"
    | (string & {});
  /** When, in RFC 3339. */
  ts: string;
  /** What the kind says: `{ current, total }` of a progress, say. */
  body: Record<string, unknown>;
  /** `event_seq`; not on events of this client's own. */
  seq?: number;
}

// ---- errors --------------------------------------------------------------------------------------------------------

/** A stable name for what went wrong. Messages may improve; codes stay. */
export type ErrorCode =
  /** Not a compact JWS of three canonical base64url segments with a strict JSON header and payload. */
  | "ERR_TOKEN_MALFORMED"
  /** The signature is not the key's. */
  | "ERR_TOKEN_SIGNATURE"
  /** `exp` has passed, or the token is older than the configuration allows: get a new one. */
  | "ERR_TOKEN_EXPIRED"
  /** `nbf` or `iat` lies in the future: compare the clocks. */
  | "ERR_TOKEN_NOT_YET_VALID"
  /** No configured provider has this `iss`. */
  | "ERR_TOKEN_ISSUER"
  /** `aud` does not name us. */
  | "ERR_TOKEN_AUDIENCE"
  /** A claim is missing, of the wrong type, or not of a required value; or `checkClaims` threw. */
  | "ERR_TOKEN_CLAIM"
  /** A required scope is missing. */
  | "ERR_TOKEN_SCOPE"
  /** `alg` is unknown, `none`, or not among those allowed. */
  | "ERR_TOKEN_ALGORITHM"
  /** `typ` says that this is another kind of token. */
  | "ERR_TOKEN_TYPE"
  /** `isRevoked` said so, or a Worker's `revoke`. */
  | "ERR_TOKEN_REVOKED"
  /** The provider publishes no usable key for this token, or more than one that could be meant. */
  | "ERR_KEY_NOT_FOUND"
  /** The provider's keys can't be had now: ask later (`details.retryAfterSec`). */
  | "ERR_JWKS_UNAVAILABLE"
  /** What a verifier asks besides the provider (`isRevoked`) is out of reach: ask later. */
  | "ERR_VERIFIER_UNAVAILABLE"
  /** The options are wrong; the message names the option and the fix. */
  | "ERR_CONFIG"
  /**
   * The provider refused to give a token: `details.subject` is the error's name, `details.status`, `details.url` and
   * `details.providerCodes` tell more. With "invalid_grant", or often enough in a row, for good.
   */
  | "ERR_REFRESH_REJECTED"
  /** What came back from a login is not the answer to it. */
  | "ERR_LOGIN_REJECTED"
  /** No credentials, or credentials that no verifier accepts. */
  | "ERR_UNAUTHENTICATED"
  /** Who it is, is known; that it may not do this, too. */
  | "ERR_PERMISSION_DENIED"
  /** More than one credential, or one that is not of the form RFC 6750 gives it. */
  | "ERR_INVALID_REQUEST"
  /** The peer's message breaks its protocol. */
  | "ERR_PROTOCOL"
  /** The peer answered with an error of its own: `arcCode` and `details` say which. */
  | "ERR_REMOTE"
  /** The peer can't be reached, or the connection broke off. */
  | "ERR_NETWORK"
  /** The peer took longer than `timeoutMs`. */
  | "ERR_TIMEOUT"
  /** The peer did not say welcome in time. */
  | "ERR_HANDSHAKE_TIMEOUT"
  /** The session can't be taken up again, or is over; what its jobs do since is not known. */
  | "ERR_SESSION_LOST"
  /** No token can be had now: its source fails, can't be reached, or is being left alone for a while. */
  | "ERR_REFRESH_UNAVAILABLE"
  /** The call was given up through its AbortSignal. */
  | "ERR_ABORTED"
  /** A mistake in arcgate: please report it. */
  | "ERR_INTERNAL";

export interface ErrorDetails {
  /** Who must act. */
  fault?: "caller" | "configuration" | "provider" | "peer" | "internal";
  /** The claim, header parameter, scope list or option that it is about. */
  subject?: string;
  /** When a retry makes sense. */
  retryAfterSec?: number;
  /** The HTTP status of a peer's or a provider's answer. */
  status?: number;
  /** Where a provider was asked, without its query. */
  url?: string;
  /** The provider's own numbers for its error ("AADSTS700082"). */
  providerCodes?: readonly string[];
  /** The scopes that a peer asks for, and those that the token had. */
  requiredScopes?: readonly string[];
  providedScopes?: readonly string[];
  /** The peer's own code, for errors of ARCP (§12). */
  code?: string;
  /** What a peer's error says of itself, in its own words: `details` of an ARC or ARCP error. */
  peer?: unknown;
}

/** What every function of this package throws. No message or property ever holds a token. */
export class ArcgateError extends Error {
  constructor(
    code: ErrorCode,
    message: string,
    options?: { retryable?: boolean; details?: ErrorDetails; cause?: unknown; arcCode?: number },
  );
  readonly name: "ArcgateError";
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** The peer's own code, for errors of ARC. */
  readonly arcCode?: number;
}
