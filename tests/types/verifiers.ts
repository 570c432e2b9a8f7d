// What the types must allow, and what they must not: other verifiers, requests and errors. Compiled and never run.

import {
  ArcgateError,
  authenticateRequest,
  DenyAllVerifier,
  type ErrorCode,
  errorResponse,
  FirstOf,
  JwtVerifier,
  type Principal,
  type ProviderOptions,
  SchemeRouter,
  StaticBearerVerifier,
  type Verifier,
} from "arcgate";
import { check, type Equal } from "./check.js";

const minimal: ProviderOptions = { issuer: "https://issuer.example", audience: "https://api.example" };
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

export const refused = [noId];
