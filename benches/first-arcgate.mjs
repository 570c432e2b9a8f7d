// A Worker with arcgate alone, for the time of its first verification.

import { JwtVerifier } from "arcgate/verify";

export default {
  async fetch(request) {
    if (request.method === "POST") {
      const set = await request.json();
      const { issuer, audience, jwk } = set;
      const verifier = await JwtVerifier.create({ providers: { bench: { issuer, audience, jwks: { keys: [jwk] } } } });
      await verifier.verify(set.tokens[0]);
    }
    return new Response("ok");
  },
};
