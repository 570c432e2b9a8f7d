// Revoking from outside: POST { issuer, jti?, sub?, before? } to the entrypoint `revocations`.

import { auditor, type Ending } from "../audit.js";
import type { AuditEvent } from "../audit-types.js";
import { json } from "../probes.js";
import type { ArcgateWorker, Revocation } from "../types.js";
import { jsonVariable } from "./variables.js";

interface Here {
  env: unknown;
  /** The variables that the Worker was made of. */
  config: object;
  audit: ((event: AuditEvent) => void) | undefined;
}

/** Revokes what the request's body names. */
export async function revokeByRequest(
  { revoke }: Pick<ArcgateWorker, "revoke">,
  request: Request,
  { env, config, audit }: Here,
): Promise<Response> {
  const log = auditor(audit);
  const tell = (ending: Ending & { detail?: string; details?: Record<string, unknown> }) =>
    log({ type: "revocation.request", ...ending });
  const refused = (status: number, reason: string, body: { error: string; message: string }) => {
    tell({ outcome: status === 503 ? "failed" : "refused", reason, status, detail: body.message });
    return json(status, body);
  };
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
  // Nobody is asked who he is here, so nobody comes from a page, which any browser on this machine may show: these say that one does.
  if (["origin", "sec-fetch-site"].some((name) => request.headers.has(name)))
    return refused(403, "origin_not_allowed", { error: "ERR_PERMISSION_DENIED", message: "pages revoke nothing" });
  let entry: Revocation;
  try {
    entry = await request.json();
  } catch {
    return refused(400, "body_not_json", { error: "ERR_CONFIG", message: "the body is not JSON" });
  }
  try {
    await revoke(env, entry);
  } catch (error) {
    const { code, name, message } = Object(error);
    return refused(code === "ERR_CONFIG" ? 400 : 503, code ?? name, { error: code ?? "ERR_INTERNAL", message });
  }
  const { issuer, jti, sub, before } = entry;
  const detail = isKnown(config, issuer)
    ? {}
    : {
        detail:
          "no provider of PROVIDERS has this issuer, so no token is revoked by it: it is compared to `iss` exactly",
      };
  tell({ outcome: "allowed", reason: "ok", status: 204, details: cut({ issuer, jti, sub, before }), ...detail });
  return new Response(null, { status: 204 });
}

// An issuer of many tenants has a place for each: what is before it says enough for a warning.
function isKnown(config: object, issuer: string): boolean {
  const providers = Object.values(jsonVariable(config as Record<string, unknown>, "PROVIDERS") ?? {});
  return providers.some((provider) => {
    const { issuer: own } = Object(provider);
    if (typeof own !== "string") return false;
    return own === issuer || (own.includes("{") && issuer.startsWith(own.slice(0, own.indexOf("{"))));
  });
}

function cut(entry: Record<string, unknown>): Record<string, unknown> {
  const told = Object.entries(entry).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    told.map(([name, value]) => [name, typeof value === "string" ? value.slice(0, 256) : value]),
  );
}
