// The upstream where it is a runtime somewhere else, over a WebSocket of its own.

import { ArcgateError } from "../../errors.js";
import { ownName } from "../../version.js";
import type { UpstreamIdentity } from "../../worker/upstream-auth.js";
import { type UpstreamTarget, upstreamTarget } from "../../worker/upstream-target.js";
import { acceptedSocket, type ServerSocket, type Upstream } from "./settings.js";

/** `upstream` is a URL or a service binding, and `auth` shows it the user. */
export function remoteUpstream({
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
  return {
    isTrusted: false,
    async open(principal, token, { signal }) {
      const credential = await auth.credential(principal, token, signal);
      return { socket: await dial(target, signal), auth: credential };
    },
    check: () => auth.check(),
  };
}

async function dial(
  { url = "https://upstream/arcp", fetch }: { url: string | undefined; fetch: UpstreamTarget["fetch"] },
  signal: AbortSignal,
): Promise<ServerSocket> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { ...ownName, Upgrade: "websocket" }, redirect: "manual", signal });
  } catch (cause) {
    throw unreachable("the upstream can't be reached", cause);
  }
  const socket = acceptedSocket(response);
  if (!socket) throw unreachable(`the upstream answered ${response.status} instead of upgrading`);
  return socket;
}

function unreachable(message: string, cause?: unknown): ArcgateError {
  return new ArcgateError("ERR_NETWORK", message, { retryable: true, details: { fault: "peer" }, cause });
}
