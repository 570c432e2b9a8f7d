import { TokenManager } from "arcgate/client";
import { JwtVerifier } from "arcgate/verify";
import { check } from "~~/check.mjs";

export default defineEventHandler(() => check({ JwtVerifier, TokenManager }));
