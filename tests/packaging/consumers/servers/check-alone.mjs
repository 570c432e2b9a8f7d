import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "./check.mjs";

console.log(await check({ JwtVerifier, TokenManager }));
