// Answers to requests of `/arc`: the core writes them, and they become Responses here.

/** An answer as the core gives it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | null | undefined;
  /** For the audit log. */
  reason: string;
  arcCode?: number;
}

// Most answers have the same head as the last one had.
let last: { text: string; head: Reply } | undefined;

/** An answer as the core writes it: a line of JSON, and behind it the body, where it has one. */
export function replyOf(text: string): Reply {
  const end = text.indexOf("\n");
  const line = end < 0 ? text : text.slice(0, end);
  if (last?.text !== line) last = { text: line, head: JSON.parse(line) };
  return { ...last.head, body: end < 0 ? null : text.slice(end + 1) };
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
