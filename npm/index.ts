// The public API. Every class is made by its `create` or `connect`, which loads the WebAssembly module by itself.
// Times: `...Sec` in seconds, `...Ms` in milliseconds, instants as NumericDate (seconds since 1970).

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";

export { ArcClient } from "./arc/client/client.js";
export type {
  ArcCall,
  ArcChatMessage,
  ArcChatResult,
  ArcChatStart,
  ArcChats,
  ArcClientOptions,
  ArcEvent,
  ArcMessage,
  ArcPart,
  ArcPriority,
  ArcSubscriptionResult,
  ArcSuccess,
  ArcTask,
  ArcTaskResult,
  ArcTasks,
  ChatAnswer,
  ChatEvent,
  ChatStream,
} from "./arc/client/types.js";
export { ArcpClient } from "./arcp/client/client.js";
export type {
  ArcpAuth,
  ArcpClientOptions,
  ClosedEvent,
  Job,
  JobEvent,
  JobFilter,
  JobPage,
  JobRequest,
  SessionEvent,
  SubscribeOptions,
} from "./arcp/client/types.js";
export type { ErrorCode, ErrorDetails } from "./error-codes.js";
export { ArcgateError } from "./errors.js";
export { TokenManager } from "./token/manager.js";
export type {
  Bearer,
  StoredTokens,
  TokenEvent,
  TokenGiver,
  TokenManagerOptions,
  TokenResponse,
  TokenSource,
  TokenStorage,
} from "./token/types.js";
export { verifyJws } from "./verify/jws.js";
export { JwtVerifier } from "./verify/jwt-verifier.js";
export type {
  Algorithm,
  JsonValue,
  Jwk,
  Jwks,
  JwksCacheOptions,
  JwksSnapshot,
  JwksStore,
  ProviderOptions,
} from "./verify/provider-types.js";
export { authenticateRequest, errorResponse } from "./verify/request.js";
export type {
  AuditEvent,
  Credentials,
  CustomPrincipal,
  JwtVerifierOptions,
  Principal,
  StaticPrincipal,
  TokenCacheOptions,
  VerifiedToken,
  Verifier,
  VerifierContext,
  VerifyOptions,
} from "./verify/types.js";
export {
  AllowAnyBearerVerifier,
  DenyAllVerifier,
  DevModeBearerVerifier,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "./verify/verifiers.js";
export { version } from "./version.js";

/** Loads the module early, so that the first verification needn't wait for it. Nobody has to call it. */
export async function ready(): Promise<void> {
  await Promise.all([verify.ready(), client.ready()]);
}
