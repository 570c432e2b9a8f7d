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
