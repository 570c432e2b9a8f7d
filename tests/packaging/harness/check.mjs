// Stands beside each consumer's sources, with a token that was made for this run.

const { provider, token, tampered } = globalThis.fixture;

/** Uses both modules. Gives what came of it, as one line; never rejects. */
export async function check({ JwtVerifier, TokenManager }) {
  try {
    const verifier = await JwtVerifier.create({ providers: { test: provider } });
    const { principal } = await verifier.verify(token);
    const refusal = await verifier.verify(tampered).then(
      () => "let in",
      (error) => error.code,
    );
    const manager = await TokenManager.create({ type: "static", token: ["own", "token"].join("-") });
    const own = await manager.getToken();
    return `${principal.id} is let in, a changed token is ${refusal}, the manager has ${own}`;
  } catch (error) {
    return `failed: ${describe(error)}`;
  }
}

/** An error and its causes, as one line of JSON. */
export function describe(error) {
  if (!(error instanceof Error)) return String(error);
  const { name, code, retryable, details, message, cause } = error;
  return JSON.stringify({ name, code, retryable, details, message, cause: cause && describe(cause) });
}

/** A request's answer, for servers. */
export const answer = async (classes) =>
  new Response(await check(classes), { headers: { "content-type": "text/plain" } });

/** Shows it in the page, where the test looks. */
export function show(line) {
  document.documentElement.dataset.arcgate = line;
  document.body.textContent = line;
}
