// The benchmark in workerd.

import { handle } from "./handler.mjs";

export default {
  async fetch(request) {
    const body = request.method === "POST" ? await request.json() : undefined;
    try {
      return Response.json(await handle(new URL(request.url).pathname, body));
    } catch (error) {
      return new Response(error.stack, { status: 500 });
    }
  },
};
