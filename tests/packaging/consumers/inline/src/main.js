import { JwtVerifier, TokenManager } from "arcgate/inline";
import { check, show } from "../check.mjs";

check({ JwtVerifier, TokenManager }).then(show);
