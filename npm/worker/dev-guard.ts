// Verifiers for development prove nothing: the core says where they may run.

import { ArcgateError } from "../errors.js";
import { call } from "../platform/modules/gate.js";
import type { Principal } from "../verify/types.js";

/** May refuse the principal of a request. */
export type Guard = (principal: Principal, request: Request) => void;

/** The guard of one environment. */
export function devGuard(env: unknown): Guard {
  return (principal, request) => {
    if (principal.kind !== "dev") return;
    const origin = request.headers.get("origin");
    const isProxied = ["cf-ray", "cdn-loop", "cf-worker"].some((name) => request.headers.has(name));
    const { DEV_MODE: mode } = Object(env);
    const variable = typeof mode === "string" ? mode : undefined;
    const from = origin === null ? undefined : hostOf(origin);
    if (call("mayRunDev", variable, hostOf(request.url), from, isProxied)) return;
    throw new ArcgateError(
      "ERR_UNAUTHENTICATED",
      "a verifier for development runs with DEV_MODE=true and on loopback only",
      { details: { fault: "configuration" } },
    );
  };
}

// `Origin: null` is a URL of nowhere.
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}
