// A Worker by Hono whose verifier is made at the global scope, and is a promise there. PROVIDERS and NOW are put in by its test.

import { Hono } from "hono";
import { bearerAuth } from "../../../pkg/hono.js";
import { JwtVerifier } from "../../../pkg/verify.workerd.js";

const verifier = JwtVerifier.create({ providers: PROVIDERS, now: () => NOW });

const app = new Hono();
app.use("/reports/*", bearerAuth(verifier, { scopes: ["read:reports"] }));
app.get("/reports/mine", (c) => c.json({ hello: c.get("principal").id, email: c.get("verifiedToken").claims.email }));
app.get("/healthz", (c) => c.text("ok"));
export default app;
