import { TokenManager } from "/node_modules/arcgate/client.js";
import { JwtVerifier } from "/node_modules/arcgate/verify.js";
import { check, show } from "./check.mjs";

check({ JwtVerifier, TokenManager }).then(show);
