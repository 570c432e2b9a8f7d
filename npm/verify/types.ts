// Who a verified credential says the caller is, and what decides it.

import type { PlatformRequestInit } from "../platform/types.js";
import type { JwksCacheOptions, ProviderOptions } from "./provider-types.js";

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

export interface StaticPrincipal {
  id: string;
  labels?: Readonly<Record<string, string>>;
  scopes?: readonly string[];
}

/**
 * The claims that RFC 7519 §4.1 registers, as far as the verifier has looked at them: there and of this type, or refused. `exp`, `iat`
 * and `sub` are always there, unless `optionalClaims` says otherwise, and `aud` unless any audience will do.
 */
export interface RegisteredClaims {
  iss: string;
  /** Some issuers number their users: where `principalClaim` names another claim, it may be a number. */
  sub?: string;
  aud?: string | string[];
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
}

/** A token whose signature and claims hold. It is the caller's own copy. */
export interface VerifiedToken<Claims extends object = Record<string, unknown>> {
  /** Their types beyond the registered ones are what the caller says: nobody has looked whether they hold. */
  readonly claims: Claims & RegisteredClaims;
  readonly header: Record<string, unknown>;
  /** The name that the configuration gives its provider. */
  readonly provider: string;
  readonly principal: Principal;
  readonly scopes: string[];
  readonly expiresAt: number;
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

/** What a verifier of JWTs did. No event ever holds a token. */
export type AuditEvent =
  | { type: "token.accepted"; time: number; provider: string; principal: Principal["key"] }
  | { type: "token.refused"; time: number; code: string; reason: string }
  | { type: "token.long_lived"; time: number; provider: string; reason: string }
  | { type: "keys.fetched"; time: number; provider: string };

/** `Claims` is what `checkClaims` and `isRevoked` see of a token. */
export interface JwtVerifierOptions<Claims extends object = Record<string, unknown>> {
  /** By a name for logs and messages. Identity uses the issuer. */
  providers: Readonly<Record<string, ProviderOptions>>;
  /** How far clocks may be apart. Default: 30. */
  clockToleranceSec?: number;
  /**
   * Your own check, of verified tokens only: throw to refuse. It runs on every verification, and has `jwksCache.timeoutMs`: a
   * promise that takes longer is ERR_VERIFIER_UNAVAILABLE.
   */
  checkClaims?: (token: VerifiedToken<Claims>) => void | Promise<void>;
  /**
   * Asked on every verification, of tokens seen before too. If it throws, or its promise takes longer than `jwksCache.timeoutMs`,
   * the call fails with ERR_VERIFIER_UNAVAILABLE.
   */
  isRevoked?: (token: VerifiedToken<Claims>) => boolean | Promise<boolean>;
  /** The cache of verified tokens. Time, scopes and your own checks are looked at on hits too. Default: on. */
  tokenCache?: TokenCacheOptions | false;
  jwksCache?: JwksCacheOptions;
  /** Instead of the platform's. */
  fetch?: (url: string, init: PlatformRequestInit) => Promise<Response>;
  /** The present in milliseconds. Default: Date.now. */
  now?: () => number;
  onEvent?: (event: AuditEvent) => void;
  /**
   * Hosts in a network of your own to which plain http and ws may go: exactly these, with exactly these ports, such as
   * "keycloak:8080". Whoever is on that network can read and change what goes there. One line in the log says so. Default: none.
   */
  insecureHosts?: readonly string[];
}

export interface TokenCacheOptions {
  /** Default: 1000. */
  maxEntries?: number;
  /** Default: 4 MiB. */
  maxBytes?: number;
  /** A token is verified anew after so long. Default: 300. */
  maxAgeSec?: number;
}
