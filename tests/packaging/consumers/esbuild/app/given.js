import { JwtVerifier, ready, TokenManager } from "arcgate";
import { check, show } from "../check.mjs";

ready({ verify: "/modules/verify.wasm", client: new URL("/modules/client.wasm", location.href) })
  .then(() => check({ JwtVerifier, TokenManager }))
  .then(show, (error) => show(error.message));
