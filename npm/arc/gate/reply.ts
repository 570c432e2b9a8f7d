// Answers to requests of `/arc`: the core writes them, and they become Responses here.

/** An answer as the core gives it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** For the audit log. */
  reason: string;
  arcCode?: number;
}

/** The Response of an answer, with the fields that each answer of the endpoint has. */
export function responseOf(
  { status, headers, body }: Pick<Reply, "status" | "headers" | "body">,
  fields: Record<string, string>,
  method: string,
): Response {
  return new Response(method === "HEAD" ? null : body, { status, headers: { ...fields, ...headers } });
}

export const streamHeaders = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** For when even the core can't be asked. */
export const internalError = {
  status: 500,
  headers: {
    "Content-Type": "application/arc+json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  },
  body: JSON.stringify({
    arc: "1.0",
    id: "error",
    responseAgent: "arcgate",
    targetAgent: "unknown",
    result: null,
    error: { code: -32603, message: "Internal error" },
  }),
};
