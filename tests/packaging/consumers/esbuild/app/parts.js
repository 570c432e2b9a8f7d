import { TokenManager } from "arcgate/client";
import { JwtVerifier } from "arcgate/verify";
import { check, show } from "../check.mjs";

check({ JwtVerifier, TokenManager }).then(show);
