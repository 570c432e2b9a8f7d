import { TokenManager } from "arcgate/client";
import { JwtVerifier } from "arcgate/verify";
import { check } from "./check.mjs";

check({ JwtVerifier, TokenManager }).then((line: string) => console.log(line));
