// GET /playground.json: where the playground's page finds a provider, and who it may be there. For development:
// `npm start` sets PLAYGROUND, and a deployment has none.

/** The answer to a page that asks. */
export function playgroundSettings(env) {
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  if (!env.PLAYGROUND) return new Response('{"error":"not_found"}', { status: 404, headers });
  return new Response(env.PLAYGROUND, { headers });
}
