// What the playground asks this Worker for, in development: it is there where `npm start` has set PLAYGROUND.

import { auditor } from "../pkg/worker/audit.js";
import { misdirected } from "../pkg/worker/misdirected.js";
import { ready } from "../pkg/worker.workerd.js";

const audit = auditor();

/** GET /playground.json: where the page finds a provider, and who it may be there. `rules` are as `refusalOf` has them. */
export async function playgroundSettings(request, env, rules) {
  return (await refusalOf(request, env, rules)) ?? answer(200, env.PLAYGROUND);
}

/** The answer where nothing is to be had. `rules` has `allowedOrigins` and `allowedHosts`: those of the gates. */
export async function refusalOf(request, env, rules) {
  if (!env.PLAYGROUND) return answer(404, '{"error":"not_found"}');
  await ready();
  const refusal = misdirected(request, rules);
  if (!refusal) return undefined;
  audit({ type: "http.request", outcome: "refused", ...refusal });
  return answer(refusal.status, JSON.stringify({ error: refusal.reason }));
}

/** An answer in JSON. */
export function answer(status, body) {
  return new Response(body, { status, headers: { "Content-Type": "application/json", "Cache-Control": "no-store" } });
}
