// A request's head, as the core takes it.

import type { RequestPlace } from "../../verify/request.js";

/** Its parts as lines: no URL and no header field has a line break in it. `+` says that a field is there. */
export function headText(
  { method, headers }: Request,
  { scheme, host, path, query }: RequestPlace,
  authorization: string | null,
  length: string | null,
): string {
  const place = `${method}\n${scheme}\n${host}\n${path}\n${query}`;
  const type = `${field(headers.get("content-type"))}\n${field(length)}\n${field(headers.get("content-encoding"))}`;
  const origin = field(headers.get("origin"));
  return `${place}\n${origin}\n${type}\n${field(headers.get("accept"))}\n${field(authorization)}`;
}

function field(value: string | null): string {
  return value === null ? "" : `+${value}`;
}
