// What ArcpClient.connect is given.

import { configError } from "../../errors.js";
import { checkInsecureHosts } from "../../platform/insecure-hosts.js";
import { call } from "../../platform/modules/client.js";
import { checkKeys } from "../../platform/options.js";
import { type BearerSource, bearerOf } from "../../token/bearer.js";
import type { ArcpAuth, ArcpClientOptions } from "./types.js";

const known: (keyof ArcpClientOptions)[] = [
  "client",
  "auth",
  "features",
  "handshakeTimeoutMs",
  "requestTimeoutMs",
  "maxResultBytes",
  "reconnect",
  "shouldRetry",
  "WebSocket",
  "signal",
  "onEvent",
  "insecureHosts",
];
// What the core reads of them.
const ofCore = ["client", "features", "handshakeTimeoutMs", "requestTimeoutMs", "maxResultBytes", "reconnect"] as const;

/** Refuses options that are none, and gives the class that sockets are of. */
export function checkOptions(options: ArcpClientOptions): NonNullable<ArcpClientOptions["WebSocket"]> {
  checkKeys(options, known);
  const { shouldRetry, onEvent, WebSocket = globalThis.WebSocket } = options;
  for (const [name, value] of Object.entries({ shouldRetry, onEvent })) {
    if (value !== undefined && typeof value !== "function") throw configError(name, "must be a function");
  }
  if (typeof WebSocket === "function") return WebSocket;
  throw configError("WebSocket", "is missing, and this platform has none of its own: give a class (Node 22 has one)");
}

/** The options of the core's. */
export function coreOptions(options: ArcpClientOptions, canRenew: boolean): object {
  const settings: Record<string, unknown> = { scheme: options.auth.scheme, canRenew };
  for (const name of ofCore) if (options[name] !== undefined) settings[name] = options[name];
  return settings;
}

/** Where credentials come from; from nowhere where the scheme has none. */
export function bearerFor(auth: ArcpAuth): BearerSource | undefined {
  checkKeys(auth, ["scheme", "token"], "auth");
  const { scheme, token }: { scheme: unknown; token?: unknown } = auth;
  if (typeof scheme !== "string")
    throw configError("auth.scheme", "must be bearer, none or x-vendor.<vendor>.<scheme>");
  if (scheme === "none" && token !== undefined) throw configError("auth.token", "goes with a scheme; `none` has none");
  if (scheme === "bearer") return bearerOf(token);
  return token === undefined ? undefined : bearerOf(token, scheme);
}

/** The runtime's address, as the platform's parser writes it; the core says what it must not hold, and where plain text may go. */
export function checkedUrl(given: string | URL, insecureHosts: readonly string[] = []): string {
  checkInsecureHosts(insecureHosts);
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw configError("url", "must be an absolute URL, such as wss://agents.example/arcp");
  }
  const plainHosts = insecureHosts.map((host) => new URL(`http://${host}`).host);
  call("checkRuntimeUrl", url.href, JSON.stringify({ query: [...url.searchParams], plainHosts }));
  return url.href;
}
