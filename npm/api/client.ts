// The subpath arcgate/client: what gets tokens and uses them, by a module of its own.

import { client } from "../platform/modules/client.js";
import { verify } from "../platform/modules/verify.js";
import { checkKeys } from "../platform/options.js";
import type { Source } from "../platform/types.js";

export { ArcClient } from "../arc/client/client.js";
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
} from "../arc/client/types.js";
export { ArcpClient } from "../arcp/client/client.js";
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
  WebSocketClass,
  WebSocketLike,
} from "../arcp/client/types.js";
export type { ErrorCode, ErrorDetails, LoadingReason } from "../error-codes.js";
export { ArcgateError } from "../errors.js";
export type { CryptoKeyLike, Source } from "../platform/types.js";
export type { CreateFetchOptions } from "../token/create-fetch.js";
export { createFetch } from "../token/create-fetch.js";
export { TokenManager } from "../token/manager.js";
export type {
  Bearer,
  StoredTokens,
  TokenEvent,
  TokenGiver,
  TokenManagerOptions,
  TokenRequest,
  TokenResponse,
  TokenSource,
  TokenStorage,
} from "../token/types.js";
export { version } from "../version.js";

/**
 * Loads the module early, so that the first token needn't wait for it: from `module`, or else from beside this package's files.
 * Nobody has to call it. `verify` is the module of `arcgate/verify`, by which a login verifies its ID token: it is loaded only then,
 * unless it is given here. What is to come from elsewhere must be said before the first use: a second place is ERR_CONFIG.
 */
export async function ready(options: { module?: Source; verify?: Source } = {}): Promise<void> {
  checkKeys(options, ["module", "verify"]);
  const loads = [client.ready(options.module)];
  if (options.verify !== undefined) loads.push(verify.ready(options.verify, "verify"));
  await Promise.all(loads);
}
