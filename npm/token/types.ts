// Access tokens over time: where they come from, where they are kept, what happens to them.

import type { ErrorCode } from "../error-codes.js";
import type { CryptoKeyLike, PlatformFetch } from "../platform/types.js";

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
  fetch?: PlatformFetch;
  /** The present in milliseconds. Default: Date.now. */
  now?: () => number;
  onEvent?: (event: TokenEvent) => void;
  /** Hosts in a network of your own to which plain http and ws may go, such as "keycloak:8080": as JwtVerifier has them. Default: none. */
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
  /** Whether a login has verified the ID token: only then are its claims shown. */
  idTokenVerified?: boolean;
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
      privateKey?: CryptoKeyLike;
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
      privateKey?: CryptoKeyLike;
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

/** How a client asks for a token: as {@link TokenManager.getToken} is asked. */
export interface TokenRequest {
  /** The last one was refused: another one is wanted, that no cache has. */
  forceRefresh?: boolean;
  /** How long it shall live on, for a connection that stays. */
  minValiditySec?: number;
  /** Nobody waits for it any more. */
  signal?: AbortSignal;
}

/**
 * A bearer token: asked for at each call. A string can't be renewed; a TokenManager (or what has its two methods), or a
 * function, is asked for another one when a server refuses the token. A function hands on what it is given, where there is more to
 * say: `(options) => manager.getToken({ ...options, waitUntil })`.
 */
export type Bearer = string | TokenGiver | ((options: TokenRequest) => string | Promise<string>);

/** What a client needs of a TokenManager. */
export interface TokenGiver {
  getToken(options?: TokenRequest): Promise<string>;
  /** The server refused this token: it is dropped if it is still the current one. */
  invalidate?(token: string): void;
}
