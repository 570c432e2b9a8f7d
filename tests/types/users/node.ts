// What users write on Node, for a compiler that has Node's types. Compiled and never run.

import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  ArcClient,
  ArcgateError,
  ArcpClient,
  authenticateRequest,
  createFetch,
  errorResponse,
  JwtVerifier,
  ready,
  type Source,
  TokenManager,
  type VerifiedToken,
  type Verifier,
  verifyJws,
} from "arcgate";
import * as client from "arcgate/client";
import * as verify from "arcgate/verify";
import { createWorker, RevocationStore, type UpstreamAuth } from "arcgate/worker";
import { WebSocket as UndiciSocket } from "undici";
import WsDefault, { WebSocket as WsSocket } from "ws";

interface Mine {
  tenant: string;
  roles?: string[];
}

export async function verifying(request: Request): Promise<Response> {
  const issuer = { issuer: "https://issuer.example", audience: "https://api.example" };
  const verifier = await JwtVerifier.create({
    providers: {
      text: { ...issuer, secret: Buffer.from("x") },
      file: { ...issuer, secret: await readFile("secret") },
      bytes: { ...issuer, secret: new Uint8Array(32) },
      random: { ...issuer, secret: crypto.getRandomValues(new Uint8Array(32)) },
    },
    fetch,
  });
  await JwtVerifier.create({ providers: {}, fetch: (url, init) => fetch(url, init) });
  await verifyJws("jws", { kty: "EC" }, { algorithms: ["ES256"] });
  try {
    const principal = await authenticateRequest(request, verifier, { scopes: ["read"] });
    return new Response(principal.id);
  } catch (error) {
    if (error instanceof ArcgateError && error.retryable) console.warn(error.details?.retryAfterSec);
    return errorResponse(error);
  }
}

export async function claims(token: string) {
  const inferred = await JwtVerifier.create({
    providers: {},
    checkClaims: ({ claims }: VerifiedToken<Mine>) => {
      if (claims.tenant !== "acme") throw new Error("another tenant");
    },
  });
  const named = await JwtVerifier.create<Mine>({
    providers: {},
    isRevoked: ({ claims: { roles, jti } }) => roles === undefined || jti === "gone",
  });
  const plain: JwtVerifier = named;
  const asVerifier: Verifier = named;
  const tenant: string = (await inferred.verify(token)).claims.tenant;
  const one = await plain.verify<Mine>(token);
  const iss: string = one.claims.iss;
  // @ts-expect-error whoever names the claims has those, and the registered ones
  one.claims.email;
  return [tenant, iss, one.claims.roles?.length, asVerifier];
}

export async function asking(signal: AbortSignal, privateKey: webcrypto.CryptoKey) {
  const pair = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const source = { type: "client_credentials", issuer: "https://issuer.example", clientId: "me" } as const;
  const token = await TokenManager.create({ ...source, privateKey }, { fetch });
  await TokenManager.create({ ...source, privateKey: pair.privateKey });
  const calling: typeof fetch = createFetch(token, { origins: ["https://agents.example"], fetch });
  const { ok } = await calling(new URL("https://agents.example/"), { method: "POST", body: "{}", signal });
  if (ok) await ArcClient.create({ endpoint: new URL("https://agents.example/arc"), requestAgent: "me", token, fetch });
  const url = "wss://agents.example/arcp";
  const common = { client: { name: "me", version: "1" }, auth: { scheme: "bearer", token }, signal } as const;
  for (const WebSocket of [WsSocket, WsDefault, UndiciSocket]) await ArcpClient.connect(url, { ...common, WebSocket });
  const session = await ArcpClient.connect(url, { ...common, WebSocket: WsSocket });
  for await (const event of await session.submit({ agent: "count" })) console.log(event.kind);
  await session.closed;
}

const own: Verifier = { authenticate: async ({ token }) => (token === "x" ? { id: "me" } : null) };
const upstreamAuth = { mode: "assertion", key: Buffer.from("k"), issuer: "gate", audience: "agents" } as const;
const jwk: webcrypto.JsonWebKey = { kty: "OKP", crv: "Ed25519", x: "", d: "" };
export const signing: UpstreamAuth[] = [
  { mode: "assertion", key: jwk, issuer: "gate", audience: "agents" },
  { mode: "assertion", key: { kty: "OKP", crv: "Ed25519", x: "", d: "", kid: "k" }, issuer: "gate", audience: "a" },
];
// @ts-expect-error text is no key
signing.push({ mode: "assertion", key: "secret", issuer: "gate", audience: "agents" });
const app = createWorker({
  verifier: own,
  arc: { upstream: "https://agents.example", upstreamAuth },
  arcp: { resumeKey: Buffer.from("x") },
});
export const handle = (request: Request) => app.fetch(request, {}, { waitUntil() {} });
export class Store extends RevocationStore {}
export const begun: Promise<void>[] = [client.ready(), verify.ready({ module: new URL("file:///verify.wasm") })];
export async function early() {
  const source: Source = await readFile("verify.wasm");
  await ready({ verify: source, client: fetch("https://static.example/client.wasm") });
}
