// A Worker that answers whoever its check lets in. Which check it is, the build says: each arm has this same shell.

import { check } from "bench:check";
import { answer } from "./answer.mjs";

export default {
  async fetch(request) {
    if (request.method !== "POST") return new Response("ok");
    if (!(await check(request))) return new Response(null, { status: 401 });
    return new Response(answer, { headers: { "content-type": "application/arc+json" } });
  },
};
