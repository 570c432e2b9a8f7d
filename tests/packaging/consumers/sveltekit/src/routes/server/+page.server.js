import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../../../check.mjs";

export const load = async () => ({ line: await check({ JwtVerifier, TokenManager }) });
