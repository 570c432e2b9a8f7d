import { JwtVerifier, TokenManager } from "arcgate";
import { check, show } from "../check.mjs";

check({ JwtVerifier, TokenManager }).then(show);
