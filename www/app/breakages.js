// Ways to break a token, or to ask of it what it is not. Each gives the token to verify, other options for the verifier
// where it is those that differ, and what was changed: before and after.

import { decode, fromBytes, fromJson, toBytes } from "./jwt.js";
import { allScopes } from "./session.js";

const join = (...parts) => parts.join(".");

export const breakages = [
  {
    label: "Flip a signature bit",
    apply({ token }) {
      const { parts } = decode(token);
      const bytes = toBytes(parts[2]);
      const at = bytes.length >> 1;
      const before = bytes[at];
      bytes[at] ^= 1;
      const hex = (byte) => `0x${byte.toString(16).padStart(2, "0")}`;
      return {
        token: join(parts[0], parts[1], fromBytes(bytes)),
        change: [`byte ${at} of the signature: ${hex(before)}`, hex(bytes[at])],
      };
    },
  },
  {
    label: "Change a claim",
    apply({ token }) {
      const { parts, claims } = decode(token);
      return {
        token: join(parts[0], fromJson({ ...claims, sub: "admin" }), parts[2]),
        change: [`"sub": ${JSON.stringify(claims.sub)}`, '"admin"'],
      };
    },
  },
  {
    label: "Expect another audience",
    apply({ token }) {
      const { claims } = decode(token);
      const audience = "https://other.example";
      return { token, options: { provider: { audience } }, change: [`audience: ${claims.aud}`, audience] };
    },
  },
  {
    label: "An hour after its end",
    apply({ token }) {
      const { claims } = decode(token);
      const now = () => (claims.exp + 3600) * 1000;
      return { token, options: { now }, change: ["the verifier’s clock: now", "exp + 1 h"] };
    },
  },
  {
    label: "alg: none",
    apply({ token }) {
      const { parts, header } = decode(token);
      return {
        token: join(fromJson({ ...header, alg: "none" }), parts[1], ""),
        change: [`"alg": ${JSON.stringify(header.alg)}, signed`, '"none", no signature'],
      };
    },
  },
  {
    // What a library falls for that takes the algorithm from the token and hands it the public key.
    label: "HS256 with the public key",
    async apply({ token, keys }) {
      const { header, claims } = decode(token);
      const published = keys[0].jwks.keys.find(({ kid }) => kid === header.kid);
      const secret = new TextEncoder().encode(JSON.stringify(published));
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
      const signed = join(
        fromJson({ ...header, alg: "HS256" }),
        fromJson({ ...claims, scope: allScopes.join(" "), sub: "admin" }),
      );
      const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
      return {
        token: join(signed, fromBytes(new Uint8Array(signature))),
        change: [`"alg": ${JSON.stringify(header.alg)}`, '"HS256", the public key as its secret'],
      };
    },
  },
];
