import { ArcgateError, JwtVerifier, TokenManager, type VerifiedToken } from "arcgate";
import { TokenManager as Manager } from "arcgate/client";
import { verifyJws } from "arcgate/verify";
import { check } from "./check.mjs";

// What users write of types; that it runs is asked of the emitted program.
export const subject = ({ principal }: VerifiedToken): string => principal.id;
export const isOurs = (error: unknown): error is ArcgateError => error instanceof ArcgateError;
export const same: typeof TokenManager = Manager;
export const bytes = async (jws: string): Promise<Uint8Array> =>
  (await verifyJws(jws, { keys: [] }, { algorithms: ["ES256"] })).payload;

check({ JwtVerifier, TokenManager }).then((line: string) => console.log(line));
