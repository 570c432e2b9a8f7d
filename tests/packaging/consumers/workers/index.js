import { JwtVerifier, TokenManager } from "arcgate";
import { answer } from "./check.mjs";

export default { fetch: () => answer({ JwtVerifier, TokenManager }) };
