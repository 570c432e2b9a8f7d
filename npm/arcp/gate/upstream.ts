// What is behind the gate: a runtime somewhere else, over a WebSocket of its own.

import { ArcgateError } from "../../errors.js";
import { ownName } from "../../version.js";
import type { UpstreamIdentity } from "../../worker/upstream-auth.js";
import { type UpstreamTarget, upstreamTarget } from "../../worker/upstream-target.js";
import type { ServerSocket, Upstream } from "./settings.js";

/**
 * Opens the upstream for a principal: `(principal, presentedToken, { signal }) -> { socket, auth }`. `upstream` is a URL or a
 * service binding, `auth` what upstreamAuth in worker/upstream-auth.ts gives. Its resume tokens are not trusted.
 */
export function upstreamBehind({
  upstream,
  auth,
  insecureHosts,
  path = "arcp.upstream",
}: {
  upstream: unknown;
  auth: UpstreamIdentity;
  insecureHosts?: readonly string[] | undefined;
  path?: string;
}): Upstream {
  const written = typeof upstream === "string" ? upstream.replace(/^http(?=s?:)/i, "ws") : upstream;
  const { url, fetch } = upstreamTarget(written, path, { schemes: ["wss:", "ws:"], insecureHosts });
  // `fetch` takes http: and https: only; the upgrade says the rest.
  const target = { fetch, url: url?.href.replace(/^ws/, "http") };
  const behind: Upstream = async (principal, token, { signal } = {}) => {
    const credential = await auth.credential(principal, token, signal);
    return { socket: await dial(target, signal), auth: credential };
  };
  behind.trusted = false;
  return behind;
}

async function dial(
  { url = "https://upstream/arcp", fetch }: { url: string | undefined; fetch: UpstreamTarget["fetch"] },
  signal: AbortSignal | undefined,
): Promise<ServerSocket> {
  let response: Response & { webSocket?: ServerSocket | null };
  try {
    response = await fetch(url, { headers: { ...ownName, Upgrade: "websocket" }, redirect: "manual", signal });
  } catch (cause) {
    throw unreachable("the upstream can't be reached", cause);
  }
  const socket = response.webSocket;
  if (!socket) {
    response.body?.cancel().catch(() => {});
    throw unreachable(`the upstream answered ${response.status} instead of upgrading`);
  }
  socket.accept({ allowHalfOpen: true });
  return socket;
}

function unreachable(message: string, cause?: unknown): ArcgateError {
  return new ArcgateError("ERR_NETWORK", message, { retryable: true, details: { fault: "peer" }, cause });
}
