import { JwtVerifier, TokenManager } from "arcgate";
import { answer } from "../check.mjs";
import gate from "./gate.js";

/** A Worker behind pages, with a gate that lets nobody in. */
export default {
  async fetch(request, env, context) {
    const health = await gate.fetch(new Request(new URL("/healthz", request.url)), env, context);
    return health.ok ? answer({ JwtVerifier, TokenManager }) : health;
  },
};
