// A Worker that asks jose, and hands the request on to the upstream as it came.

import { check } from "./jose.mjs";

const { upstream } = BENCH;

export default {
  async fetch(request) {
    if (request.method !== "POST") return new Response("ok");
    if (!(await check(request))) return new Response(null, { status: 401 });
    return fetch(new Request(upstream, request));
  },
};
