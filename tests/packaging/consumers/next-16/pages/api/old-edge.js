import { JwtVerifier, TokenManager } from "arcgate";
import { answer } from "../../check.mjs";

export const config = { runtime: "edge" };

export default () => answer({ JwtVerifier, TokenManager });
