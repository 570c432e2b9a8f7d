// Requests for another host, or out of another origin's page, on the routes besides the gates.

import { optionsJson } from "../platform/json.js";
import { call } from "../platform/modules/gate.js";
import { placeOf } from "../verify/request.js";

/**
 * The refusal of a request whose Host or Origin is not allowed, for a route besides the gates: `{ status, reason }`, or nothing.
 * `rules` has `allowedOrigins` and `allowedHosts`. @internal
 */
export function misdirected(
  request: Request,
  { allowedOrigins, allowedHosts }: { allowedOrigins?: readonly string[]; allowedHosts?: readonly string[] },
): { status: number; reason: string } | undefined {
  const { scheme, host } = placeOf(request);
  const origin = request.headers.get("origin") ?? undefined;
  const refusal = call("misdirected", optionsJson({ allowedOrigins, allowedHosts }), scheme, host, origin);
  return refusal === undefined ? undefined : JSON.parse(refusal);
}
