// A Worker with jose alone, for the time of its first verification.

import { createLocalJWKSet, jwtVerify } from "jose";

export default {
  async fetch(request) {
    if (request.method === "POST") {
      const set = await request.json();
      await jwtVerify(set.tokens[0], createLocalJWKSet({ keys: [set.jwk] }), set);
    }
    return new Response("ok");
  },
};
