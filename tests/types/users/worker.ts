// What users write in a Worker, for a compiler that has the Workers' types alone. Compiled and never run.

import {
  ArcClient,
  ArcpClient,
  authenticateRequest,
  createFetch,
  errorResponse,
  JwtVerifier,
  TokenManager,
} from "arcgate";
import gateModule from "arcgate/gate.wasm";
import { createWorker, RevocationStore, ready, workerFromEnv } from "arcgate/worker";

interface Env {
  PROVIDERS: string;
  RUNTIME_HUB: DurableObjectNamespace;
  REVOCATIONS: DurableObjectNamespace;
  AGENT: Fetcher;
  UPSTREAM: Fetcher;
}

const app = createWorker<Env>({
  verifier: (env) => JwtVerifier.create({ providers: JSON.parse(env.PROVIDERS) }),
  agents: {
    async *count(_input, { signal }) {
      yield { kind: "progress", body: { current: 1 } };
      return { isAborted: signal.aborted };
    },
    async echo(input) {
      return input;
    },
  },
});
export default app satisfies ExportedHandler<Env>;
export const { RuntimeHub } = app;
export { RevocationStore };
export const inferred = createWorker({ verifier: async (env: Env) => JwtVerifier.create(JSON.parse(env.PROVIDERS)) });
export const configured = (env: Env) => workerFromEnv(env) satisfies ExportedHandler<Env>;
export const loaded = ready({ module: gateModule });

export function upstream({ UPSTREAM }: Env) {
  const verifier = { authenticate: async () => null };
  return createWorker({ verifier, arc: { upstream: UPSTREAM, upstreamAuth: { mode: "passthrough" } } });
}

export async function others(request: Request, env: Env, key: CryptoKey, signal: AbortSignal): Promise<Response> {
  const verifier = await JwtVerifier.create({ providers: {}, fetch });
  await JwtVerifier.create({ providers: {}, fetch: (url, init) => env.UPSTREAM.fetch(url, init) });
  const auth = { scheme: "none" } as const;
  await ArcpClient.connect("wss://a.example", { client: { name: "a", version: "1" }, auth, WebSocket, signal });
  const source = { type: "client_credentials", issuer: "https://i.example", clientId: "c", privateKey: key } as const;
  const token = await TokenManager.create(source, { fetch });
  const calling = createFetch(token, {
    origins: ["https://a.example"],
    fetch: (...asked) => env.AGENT.fetch(...asked),
  });
  await calling("https://a.example/");
  const endpoint = "https://a.example/arc";
  await ArcClient.create({ endpoint, requestAgent: "m", token, fetch: (...asked) => env.AGENT.fetch(...asked) });
  await app.revoke(env, { issuer: "https://i.example", sub: "alice" });
  try {
    return Response.json(await authenticateRequest(request, verifier));
  } catch (error) {
    return errorResponse(error);
  }
}
