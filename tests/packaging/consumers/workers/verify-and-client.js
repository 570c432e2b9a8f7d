import { TokenManager } from "arcgate/client";
import { JwtVerifier } from "arcgate/verify";
import { answer } from "./check.mjs";

export default { fetch: () => answer({ JwtVerifier, TokenManager }) };
