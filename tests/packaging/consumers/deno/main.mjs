import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "./check.mjs";

check({ JwtVerifier, TokenManager }).then((line) => console.log(line));
