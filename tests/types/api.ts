// What the types must allow, and what they must not. Compiled and never run.

import {
  ArcClient,
  ArcgateError,
  ArcpClient,
  authenticateRequest,
  DenyAllVerifier,
  type ErrorCode,
  errorResponse,
  FirstOf,
  type Job,
  type JwksSnapshot,
  type JwksStore,
  JwtVerifier,
  type Principal,
  type ProviderOptions,
  ready,
  SchemeRouter,
  StaticBearerVerifier,
  TokenManager,
  type VerifiedToken,
  type Verifier,
  verifyJws,
  type version,
} from "arcgate";
import { createWorker, RevocationStore, type UpstreamAuth } from "arcgate/worker";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const check = <T extends true>(_holds?: T) => {};

// ---- providers

const minimal: ProviderOptions = { issuer: "https://issuer.example", audience: "https://api.example" };
const several = { issuer: "https://issuer.example", audience: ["a", "b"] } as const satisfies ProviderOptions;
const anyAudience: ProviderOptions = { issuer: "https://issuer.example", audience: null };

// @ts-expect-error an audience must be given; null is the loud way not to
const noAudience: ProviderOptions = { issuer: "https://issuer.example" };
// @ts-expect-error undefined is no audience
const undefinedAudience: ProviderOptions = { issuer: "https://issuer.example", audience: undefined };
// @ts-expect-error an issuer must be given
const noIssuer: ProviderOptions = { audience: "a" };
// @ts-expect-error the key is jwksUri
const misspelt: ProviderOptions = { ...minimal, jwks_uri: "https://issuer.example/keys" };
// @ts-expect-error there is no such algorithm
const none: ProviderOptions = { ...minimal, algorithms: ["none"] };
// @ts-expect-error a secret is bytes
const textSecret: ProviderOptions = { ...minimal, secret: "hunter2" };
// @ts-expect-error `aud` can't be made optional: audience null says that
const optionalAud: ProviderOptions = { ...minimal, optionalClaims: ["aud"] };
// @ts-expect-error a required value is JSON
const functionClaim: ProviderOptions = { ...minimal, requiredClaims: { ver: () => true } };

const full: ProviderOptions = {
  ...minimal,
  jwksUri: "https://issuer.example/keys",
  algorithms: ["RS256", "EdDSA"],
  requiredScopes: ["read"],
  scopeClaims: ["scope", "/realm_access/roles"],
  typ: ["at+jwt"],
  requiredClaims: { token_use: "access", client_id: ["a", "b"], email_verified: true, version: 2 },
  optionalClaims: ["iat"],
  principalClaim: "oid",
  labelClaims: { tenant: "tid" },
  maxTokenAgeSec: 600,
  maxLifetimeSec: 3600,
};

const tenants: ProviderOptions = {
  issuer: "https://login.example/{tenantid}/v2.0",
  audience: "api",
  tenants: ["a", "b"],
  discoveryUrl: "https://login.example/common/v2.0/.well-known/openid-configuration",
  principalClaim: ["oid", "sub"],
};
// @ts-expect-error tenants are listed, or "any"
const everybody: ProviderOptions = { ...tenants, tenants: "all" };
const anybody: ProviderOptions = { ...tenants, tenants: "any" };

// ---- the verifier

const store: JwksStore = { get: async () => undefined, put: async (_issuer: string, _snapshot: JwksSnapshot) => {} };

export async function verify(token: string, key: JsonWebKey, signal: AbortSignal | undefined) {
  await ready();
  check<Equal<typeof version, string>>();
  const verifier = await JwtVerifier.create({
    providers: {
      minimal,
      several,
      anyAudience,
      full,
      tenants,
      anybody,
      everybody,
      fixed: { ...minimal, jwks: { keys: [key] } },
    },
    clockToleranceSec: 5,
    checkClaims: (verified) => {
      if (verified.claims.tenant !== "acme") throw new Error("another tenant");
    },
    isRevoked: async ({ claims: { jti } }) => jti === "gone",
    tokenCache: false,
    jwksCache: { maxAgeSec: 600, store },
    fetch,
    now: Date.now,
    onEvent: (event) => {
      if (event.type === "token.refused") check<Equal<typeof event.code, string>>();
    },
  });
  const verified = await verifier.verify(token, { scopes: ["read"], signal });
  check<Equal<typeof verified, VerifiedToken>>();
  check<Equal<typeof verified.principal, Principal>>();
  check<Equal<(typeof verified.claims)[string], unknown>>();

  // @ts-expect-error claims are unknown until they are looked at
  verified.claims.sub.length;
  // @ts-expect-error nobody changes who the principal is
  verified.principal.id = "root";
  // @ts-expect-error a token is text
  await verifier.verify(undefined);
  // @ts-expect-error made by create, which loads the module
  new JwtVerifier({ providers: { minimal } });
  // @ts-expect-error providers must be given
  await JwtVerifier.create({});
  // @ts-expect-error the option is clockToleranceSec
  await JwtVerifier.create({ providers: { minimal }, clockTolerance: 5 });

  verifier.importKeys(verifier.exportKeys());
  check<Equal<ReturnType<typeof verifier.exportKeys>, JwksSnapshot[]>>();
}

export async function bare(jws: string, key: JsonWebKey) {
  const { header, payload } = await verifyJws(jws, key, { algorithms: ["ES256"] });
  check<Equal<typeof payload, Uint8Array>>();
  check<Equal<typeof header, Record<string, unknown>>>();
  await verifyJws(jws, { keys: [key, { kty: "oct", k: "AAAA" }] }, { algorithms: ["HS256"] });
  // @ts-expect-error the algorithms must be given
  await verifyJws(jws, key);
  // @ts-expect-error as a list
  await verifyJws(jws, key, { algorithms: "ES256" });
}

// ---- other verifiers, and requests

const own: Verifier = { authenticate: async ({ token }) => (token === "x" ? { id: "me", scopes: ["read"] } : null) };
// @ts-expect-error a principal has an id
const noId: Verifier = { authenticate: async () => ({ scopes: ["read"] }) };

export async function handle(request: Request): Promise<Response> {
  const fixed = await StaticBearerVerifier.create({ secret: "robot", other: { id: "robot-2", scopes: ["read"] } });
  const jwt = await JwtVerifier.create({ providers: { minimal } });
  const verifier = await SchemeRouter.create({
    bearer: await FirstOf.create([fixed, jwt, own]),
    none: await DenyAllVerifier.create(),
  });
  // @ts-expect-error what has no `authenticate` is no verifier
  await FirstOf.create([fixed, {}]);
  try {
    const principal = await authenticateRequest(request, verifier, { scopes: ["read"] });
    check<Equal<typeof principal, Principal>>();
    return Response.json({ hello: principal.id });
  } catch (error) {
    if (error instanceof ArcgateError && error.code === "ERR_TOKEN_EXPIRED") {
      check<Equal<typeof error.code, "ERR_TOKEN_EXPIRED">>();
      console.log(error.details?.subject, error.retryable);
    }
    if (error instanceof ArcgateError) {
      const { url, status, providerCodes } = error.details ?? {};
      check<Equal<typeof url, string | undefined>>();
      check<Equal<typeof status, number | undefined>>();
      check<Equal<typeof providerCodes, readonly string[] | undefined>>();
    }
    return errorResponse(error);
  }
}

// Every code by name: a switch without a default is complete.
export function explain(code: ErrorCode): boolean {
  // @ts-expect-error there is no such code
  if (code === "ERR_SOMETHING") return false;
  return code.startsWith("ERR_");
}

export default createWorker({ verifier: own, agents: { echo: async (input) => input } });
export const { RuntimeHub } = createWorker({
  verifier: own,
  agents: { echo: async (input, { lease, signal }) => [input, lease, signal.aborted] },
  policy: {
    canObserve: (job, principal) => job.principal.key === principal.key && job.status !== "error",
    canCancel: (_job, _principal, sameSession) => sameSession,
  },
  hubFor: ({ labels }) => labels.tenant ?? "none",
  limits: { resumeWindowSec: 60, maxJobs: 2 },
});
// @ts-expect-error a policy has both
createWorker({ verifier: own, policy: { canObserve: () => true } });
// @ts-expect-error a Worker needs a verifier
createWorker({ agents: {} });
export class Store extends RevocationStore {}
const assertion: UpstreamAuth = { mode: "assertion", key: new Uint8Array(32), issuer: "https://gate", audience: "a" };
const gate = createWorker({ verifier: own, arc: { upstream: "https://agents.example/arc", upstreamAuth: assertion } });
createWorker({
  verifier: own,
  arc: { upstream: { fetch }, upstreamAuth: { mode: "map", tokenFor: ({ key }) => key } },
});
createWorker({
  verifier: own,
  arcp: {
    upstream: "wss://runtime.example/arcp",
    upstreamAuth: assertion,
    scopes: { submit: ["jobs"] },
    resumeKey: "x",
  },
  limits: { helloTimeoutMs: 5000, maxFrameBytes: 1024, maxConnections: 10, rateLimit: "LIMIT" },
});
// @ts-expect-error scopes are for connecting and for submitting
createWorker({ verifier: own, arcp: { scopes: { cancel: ["jobs"] } } });
gate.revoke({}, { issuer: "https://issuer.example", sub: "alice" }) satisfies Promise<void>;
// @ts-expect-error an entry names its issuer
gate.revoke({}, { jti: "t1" });
// @ts-expect-error a shared token has a longer name
createWorker({ verifier: own, arc: { upstreamAuth: { mode: "shared", token: "x" } } });

export const refused = [
  noAudience,
  undefinedAudience,
  noIssuer,
  misspelt,
  none,
  textSecret,
  optionalAud,
  functionClaim,
  noId,
];

// ---- asking agents

declare const arc: ArcClient;
const asked: Promise<ArcClient> = ArcClient.create({
  endpoint: "https://a.example/arc",
  requestAgent: "me",
  token: "t",
});
ArcClient.create({
  endpoint: new URL("https://a.example/arc"),
  requestAgent: "me",
  token: { getToken: async ({ forceRefresh } = {}) => (forceRefresh ? "a" : "b"), invalidate() {} },
  fetch: (...request) => fetch(...request),
  limits: { maxEventBytes: 1 },
});
ArcClient.create({ endpoint: "", requestAgent: "", token: async () => "t" });
// @ts-expect-error a token must be given
ArcClient.create({ endpoint: "https://a.example/arc", requestAgent: "me" });
// @ts-expect-error clients are made by create
new ArcClient();

async function asking() {
  const { task } = await arc.task.create({ targetAgent: "echo", initialMessage: "hi", traceId: "t" });
  const status: "COMPLETED" | string = task.status;
  const whole = await arc.chat.start({ targetAgent: "echo", initialMessage: "hi" });
  const chatId: string = whole.chat.chatId;
  for await (const event of arc.chat.message({ targetAgent: "echo", chatId, message: "hi", stream: true })) {
    check<Equal<typeof event.type, "message" | "done" | "other">>();
  }
  const stream = await arc.chat.start({ targetAgent: "echo", initialMessage: "hi", stream: true });
  await stream.return();
  const result = await arc.call("x.y", { targetAgent: "echo", params: { a: 1 } });
  check<Equal<typeof result, unknown>>();
  for await (const event of arc.call("chat.start", { targetAgent: "echo", params: { stream: true as const } }))
    void event;
  // @ts-expect-error an agent must be named
  arc.task.info({ taskId: "t" });
  // @ts-expect-error the option is priority
  arc.task.create({ targetAgent: "echo", initialMessage: "hi", prio: "LOW" });
  // @ts-expect-error no such priority
  arc.task.create({ targetAgent: "echo", initialMessage: "hi", priority: "low" });
  return [asked, status];
}
void asking;

async function loggingIn() {
  const manager = await TokenManager.create(
    { type: "authorization_code", issuer: "https://i.example", clientId: "c", redirectUri: "https://p.example/" },
    { storage: "encrypted", shareAcrossTabs: true, onEvent: ({ type }) => type === "signed_out" },
  );
  const url: URL = await manager.beginLogin({ returnTo: "/inbox" });
  const { claims, returnTo } = await manager.completeLogin(url);
  check<Equal<typeof returnTo, string | undefined>>();
  check<Equal<typeof claims, Record<string, unknown> | undefined>>();
  const end: URL | undefined = await manager.logout();
  // @ts-expect-error a page comes back somewhere
  TokenManager.create({ type: "authorization_code", issuer: "https://i.example", clientId: "c" });
  return end;
}
void loggingIn;

// ---- sessions

async function session() {
  const client = await ArcpClient.connect("wss://a.example/arcp", {
    client: { name: "a", version: "1" },
    auth: { scheme: "bearer", token: async () => "t" },
    reconnect: { maxDelayMs: 1000 },
    shouldRetry: ({ code }) => code !== 1008,
    WebSocket,
    onEvent: (event) => {
      if (event.type === "lost") check<Equal<typeof event.jobs, string[]>>();
    },
  });
  ArcpClient.connect("wss://a.example", { client: { name: "a", version: "1" }, auth: { scheme: "none" } });
  ArcpClient.connect("wss://a.example", {
    client: { name: "a", version: "1" },
    auth: { scheme: "x-vendor.a.b", token: "k" },
  });
  // @ts-expect-error a bearer needs a token
  ArcpClient.connect("wss://a.example", { client: { name: "a", version: "1" }, auth: { scheme: "bearer" } });
  // @ts-expect-error clients are made by connect
  new ArcpClient();
  const job: Job = await client.submit({ agent: "count", input: { to: 3 }, idempotencyKey: "k" });
  for await (const event of job) check<Equal<typeof event.ts, string>>();
  check<Equal<Awaited<typeof job.result>, unknown>>();
  await job.cancel("enough");
  const { jobs, nextCursor } = await client.listJobs({ status: "running", limit: 5 });
  const other = await client.subscribe(jobs[0]?.id ?? "", { history: true });
  // @ts-expect-error the option is fromEventSeq
  client.subscribe("j", { from: 1 });
  const closed: { code: string; reason: string } = await client.closed;
  return [nextCursor, other, closed];
}
void session;
