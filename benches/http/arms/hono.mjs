// Hono with its `jwk` middleware.

import { Hono } from "hono";
import { jwk } from "hono/jwk";
import { answer } from "./answer.mjs";

const { keys, issuer, audience } = BENCH;
const app = new Hono();
app.get("/*", (context) => context.text("ok"));
app.use("/*", jwk({ keys, alg: ["ES256", "RS256"], verification: { iss: issuer, aud: audience, typ: "at+jwt" } }));
app.post("/*", (context) => context.body(answer, 200, { "content-type": "application/arc+json" }));

export default app;
