// What went wrong, by stable names.

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
  /** What a verifier asks besides the provider (`isRevoked`) is out of reach, or does not answer: ask later. */
  | "ERR_VERIFIER_UNAVAILABLE"
  /** The options are wrong; the message names the option and the fix. */
  | "ERR_CONFIG"
  /**
   * The provider refused to give a token: `details.subject` is the error's name, `details.status`, `details.url` and
   * `details.providerCodes` tell more. With "invalid_grant", or often enough in a row, for good.
   */
  | "ERR_REFRESH_REJECTED"
  /** What came back from a login is not the answer to it, or the provider's "no": then `details.error` is its name for that. */
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

/**
 * Why a module of WebAssembly could not be loaded. Each is a section of docs/bundlers.md. Trying again helps where it was
 * "unreachable" alone.
 */
export type LoadingReason =
  /** Nothing may be compiled: the page's policy lacks `script-src 'wasm-unsafe-eval'`, or the runtime never compiles bytes. */
  | "content-security-policy"
  /** There is nothing at the module's place. */
  | "not-found"
  /** There is a page at the module's place, as servers of one-page applications answer for what they don't have. */
  | "html-instead-of-the-module"
  /** No WebAssembly here: it is switched off (Lockdown Mode), or the browser is too old. */
  | "no-webassembly"
  /** The bundle has no place of its own, and the bytes were left out of it. */
  | "bundled-away"
  /** Something else is at the module's place: another module, that of another version, or what is damaged. */
  | "wrong-module"
  /** A service worker loads nothing by `import()`, once it is installed. */
  | "service-worker"
  /** The network, the server, or the page's `connect-src`. */
  | "unreachable";

export interface ErrorDetails {
  /** Who must act. */
  fault?: "caller" | "configuration" | "provider" | "peer" | "internal";
  /** The claim, header parameter, scope list or option that it is about. */
  subject?: string;
  /** A provider's own name for why it does not log somebody in: "login_required", "access_denied". */
  error?: string;
  /** Where the page wanted to go on after a login that came to nothing, as a path. */
  returnTo?: string;
  /** When a retry makes sense. */
  retryAfterSec?: number;
  /** Why a module could not be loaded: stable, and a section of docs/bundlers.md. */
  reason?: LoadingReason;
  /** The HTTP status of a peer's or a provider's answer. */
  status?: number;
  /** Where a provider was asked, or a module looked for, without its query. */
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
