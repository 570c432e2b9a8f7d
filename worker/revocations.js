// Revoking from outside: POST { issuer, jti?, sub?, before? } to the entrypoint `revocations`.

/** Revokes what the request's body names. */
export async function revokeByRequest(worker, request, env) {
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
  let entry;
  try {
    entry = await request.json();
  } catch {
    return Response.json({ error: "ERR_CONFIG", message: "the body is not JSON" }, { status: 400 });
  }
  try {
    await worker.revoke(env, entry);
    return new Response(null, { status: 204 });
  } catch (error) {
    console.error(`arcgate: ${error.code ?? error.name}: ${error.message}`);
    const status = error.code === "ERR_CONFIG" ? 400 : 503;
    return Response.json({ error: error.code ?? "ERR_INTERNAL", message: error.message }, { status });
  }
}
