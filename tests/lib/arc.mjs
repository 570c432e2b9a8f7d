// ARC requests for tests.

import { request as httpRequest } from "node:http";

export const text = (content) => ({ role: "user", parts: [{ type: "TextPart", content }] });

/** An envelope; `changes` replace its members, and those set to undefined go. */
export function envelope(changes = {}) {
  return {
    arc: "1.0",
    id: "r1",
    method: "task.create",
    requestAgent: "agent-7",
    targetAgent: "echo",
    traceId: "trace-1",
    params: { initialMessage: text("hello") },
    ...changes,
  };
}

/** A `chat.start` that streams. */
export function streamed(targetAgent, content, changes = {}) {
  return envelope({
    method: "chat.start",
    targetAgent,
    params: { initialMessage: text(content), stream: true },
    ...changes,
  });
}

/** POSTs to /arc. Gives status, headers and the parsed body. */
export async function postArc(url, { body = envelope(), token, headers = {}, path = "/arc", method = "POST" } = {}) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      "content-type": "application/arc+json",
      ...headers,
    },
    body:
      method === "GET" || method === "HEAD" || method === "OPTIONS"
        ? undefined
        : typeof body === "string"
          ? body
          : JSON.stringify(body),
  });
  const answer = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    json: answer.startsWith("{") ? JSON.parse(answer) : undefined,
  };
}

/** A request as it is written: any Host, doubled headers, a body in pieces. `write(request)` may leave it open. */
export function rawRequest(url, { path = "/arc", method = "POST", headers = {}, host, body, write } = {}) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        hostname,
        port,
        path,
        method,
        headers: { "content-type": "application/json", ...headers, ...(host ? { host } : {}) },
        setHost: !host,
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", () => {});
        response.on("end", () => {
          request.destroy();
          const answer = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode,
            headers: response.headers,
            text: answer,
            json: answer.startsWith("{") ? JSON.parse(answer) : undefined,
          });
        });
      },
    );
    request.on("error", reject);
    if (write) Promise.resolve(write(request)).catch(reject);
    else request.end(body);
  });
}

/** The events of a stream as they come: `{ event, data, at }`. */
export async function* sse(response) {
  const decoder = new TextDecoder();
  let buffer = "";
  for await (const chunk of response.body) {
    buffer += decoder.decode(chunk, { stream: true });
    for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
      const fields = Object.fromEntries(
        buffer
          .slice(0, end)
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      buffer = buffer.slice(end + 2);
      yield { event: fields.event, data: JSON.parse(fields.data), at: Date.now() };
    }
  }
}
