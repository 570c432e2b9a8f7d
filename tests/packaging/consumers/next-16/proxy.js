import { JwtVerifier, TokenManager } from "arcgate";
import { answer } from "./check.mjs";

export const config = { matcher: "/proxied" };

export const proxy = () => answer({ JwtVerifier, TokenManager });
