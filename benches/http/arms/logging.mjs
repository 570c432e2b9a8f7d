// What an ARC endpoint cannot do without, and nothing else: the body read as bytes, the fields of its answer, its two lines in
// the log. Nothing is checked.

import { answer } from "./answer.mjs";

const headers = {
  Vary: "Origin",
  "Content-Type": "application/arc+json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};
const seen = {
  principal: "jwt|https://issuer.example.com/|agent-1",
  method: "task.create",
  requestAgent: "bench",
  targetAgent: "echo",
};

export default {
  async fetch(request) {
    if (request.method !== "POST") return new Response("ok");
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.length === 0) return new Response(null, { status: 400 });
    log({ type: "arc.request", time: Date.now() / 1000, ...seen, outcome: "allowed", reason: "ok" });
    log({ type: "arc.run", time: Date.now() / 1000, ...seen, outcome: "completed", reason: "ok" });
    return new Response(answer, { headers });
  },
};

const log = (event) => console.log(JSON.stringify(event));
