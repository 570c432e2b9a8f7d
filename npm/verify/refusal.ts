// The answer to a request that is refused: as a Response, and through a response of Node's.

import { ArcgateError, errorArguments } from "../errors.js";
import { callJson } from "../platform/modules/verify.js";

/** What a refused request is told. @internal */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The answer to a request that was refused, with WWW-Authenticate or Retry-After. It tells the caller no reason: log the error
 * for that.
 */
export function errorResponse(error: unknown): Response {
  const { status, headers, body } = refusalOf(error);
  return new Response(body, { status, headers });
}

/** A response of Node's, or of a framework that builds upon it, by what is used of it. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
  destroy(): unknown;
}

/**
 * The same answer, sent through a response of Node's (`http`, `https`, and `http2` with its compatibility API), and so through
 * Express' and Koa's. Where an answer has begun already nothing can be said any more: its connection is cut.
 *
 * ```js
 * import { authenticateRequest, sendError } from "arcgate";
 *
 * const listener = async (request, response) => {
 *   try {
 *     const principal = await authenticateRequest(request, verifier);
 *     response.end(principal.id);
 *   } catch (error) {
 *     sendError(response, error);
 *   }
 * };
 * show(listener);
 * ```
 */
export function sendError(response: NodeResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = refusalOf(error);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

const classes: Record<number, string> = {
  400: "invalid_request",
  401: "unauthorized",
  403: "insufficient_scope",
  500: "server_error",
  503: "temporarily_unavailable",
};

/** The status, the fields and the text of that answer. @internal */
export function refusalOf(error: unknown): Refusal {
  const { status, headers } = statusOf(error);
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json", "Cache-Control": "no-store" },
    body: JSON.stringify({ error: classes[status] }),
  };
}

function statusOf(error: unknown): { status: number; headers: Record<string, string> } {
  if (!(error instanceof ArcgateError)) return { status: 500, headers: {} };
  try {
    return callJson("httpRefusal", ...errorArguments(error));
  } catch {
    // The core could not be loaded, which may be the very error.
    return { status: 500, headers: {} };
  }
}
