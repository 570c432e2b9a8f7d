// Revoking from outside: POST { issuer, jti?, sub?, before? } to the entrypoint `revocations`.

import { json } from "../probes.js";
import type { ArcgateWorker, Revocation } from "../types.js";

/** Revokes what the request's body names. */
export async function revokeByRequest(
  { revoke }: Pick<ArcgateWorker, "revoke">,
  request: Request,
  env: unknown,
): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
  // Nobody is asked who he is here, so nobody comes from a page, which any browser on this machine may show: these say that one does.
  if (["origin", "sec-fetch-site"].some((name) => request.headers.has(name)))
    return json(403, { error: "ERR_PERMISSION_DENIED", message: "pages revoke nothing" });
  let entry: Revocation;
  try {
    entry = await request.json();
  } catch {
    return json(400, { error: "ERR_CONFIG", message: "the body is not JSON" });
  }
  try {
    await revoke(env, entry);
    return new Response(null, { status: 204 });
  } catch (error) {
    const { code, name, message } = Object(error);
    console.error(`arcgate: ${code ?? name}: ${message}`);
    return json(code === "ERR_CONFIG" ? 400 : 503, { error: code ?? "ERR_INTERNAL", message });
  }
}
