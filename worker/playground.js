// GET /playground.json: where the playground's page finds a provider, and who it may be there. For development:
// `npm start` sets PLAYGROUND, and a deployment has none.

import { ready } from "../pkg/entry.workerd.js";
import { auditor } from "../pkg/worker/audit.js";
import { misdirected } from "../pkg/worker/misdirected.js";

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
