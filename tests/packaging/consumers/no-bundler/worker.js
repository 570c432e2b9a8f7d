import { JwtVerifier, TokenManager } from "/node_modules/arcgate/index.js";
import { check } from "./check.mjs";

check({ JwtVerifier, TokenManager }).then((line) => postMessage(line));
