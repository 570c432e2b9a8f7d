// GET /playground.json, in development: where the page of the playground finds a provider, and who it may be there. `npm start` sets
// PLAYGROUND.

import { auditor } from "../pkg/worker/audit.js";
import { misdirected } from "../pkg/worker/misdirected.js";
import { ready } from "../pkg/worker.workerd.js";

const audit = auditor();

/** The answer to a page that asks. `rules` has `allowedOrigins` and `allowedHosts`: those of the gates. */
export async function playgroundSettings(request, env, rules) {
  if (!env.PLAYGROUND) return answer(404, '{"error":"not_found"}');
  await ready();
  const refusal = misdirected(request, rules);
  if (!refusal) return answer(200, env.PLAYGROUND);
  audit({ type: "http.request", outcome: "refused", ...refusal });
  return answer(refusal.status, JSON.stringify({ error: refusal.reason }));
}

function answer(status, body) {
  return new Response(body, { status, headers: { "Content-Type": "application/json", "Cache-Control": "no-store" } });
}
