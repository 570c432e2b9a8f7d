// What asks whether a Worker lives (GET /healthz), and whether it is ready (GET /readyz): an answer for machines, without reasons.

import { ArcgateError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import type { ConfigurationLog } from "./configuration-log.js";

/** An answer of ours. */
export function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "Content-Type": "application/json", "Cache-Control": "no-store" },
  });
}

/** Whether it lives: it answers. */
export function health(request: Request): Response {
  return wrongMethod(request) ?? json(200, { status: "ok" });
}

/**
 * Whether its configuration is sound: that `check` finds nothing. What it finds is in the log, and not in the answer. Providers and
 * upstreams are not asked: their outage would take all instances out of service, and end nothing sooner.
 */
export async function readiness(
  request: Request,
  check: () => Promise<void>,
  { log, timeoutMs }: { log: ConfigurationLog; timeoutMs: number },
): Promise<Response> {
  const refused = wrongMethod(request);
  if (refused) return refused;
  try {
    const isLate = new ArcgateError("ERR_TIMEOUT", "the verifier was not made in time", { retryable: true });
    const found = await within(timeoutMs, check(), isLate);
    if (found !== undefined) throw found;
    return json(200, { status: "ready" });
  } catch (error) {
    log.failed(error);
    return notReady(request);
  }
}

/** The answer where it is known already that it is not. */
export function notReady(request: Request): Response {
  return wrongMethod(request) ?? json(503, { status: "not_ready" });
}

function wrongMethod({ method }: Request): Response | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  return json(405, { error: "method_not_allowed" }, { Allow: "GET, HEAD" });
}
