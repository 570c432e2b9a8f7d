// Tokens made on the spot, by WebCrypto itself: for what the vectors made in advance can't show.

export const issuer = "https://issuer.example";
export const audience = "https://api.example/arc";

/** The fixed present of the suite, in seconds; `clock` gives it to a verifier. */
export const present = 1_793_000_000;
export const clock = () => present * 1000;

/** A key pair for ES256: the public JWK, and a function that signs claims. */
export async function makeSigner(kid = "key-1") {
  const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const sign = async (claims = {}, header = {}) => {
    const all = { iss: issuer, aud: audience, sub: "user-1", iat: present - 10, exp: present + 300, ...claims };
    const input = `${encode(JSON.stringify({ alg: "ES256", kid, typ: "at+jwt", ...header }))}.${encode(JSON.stringify(all))}`;
    const signature = await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      privateKey,
      new TextEncoder().encode(input),
    );
    return `${input}.${encode(new Uint8Array(signature))}`;
  };
  return { jwk: { kty, crv, x, y, kid, alg: "ES256", use: "sig" }, sign };
}

/** base64url of a text's UTF-8, or of bytes. */
export function encode(value) {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The bytes of base64url. */
export function decode(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

/** What a provider says on the network: a `fetch` that answers for these addresses and counts what was asked. */
export function network(documents) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(String(url));
    const document = documents[url];
    const answer = typeof document === "function" ? await document() : document;
    if (answer instanceof Response) return answer;
    return answer === undefined ? new Response("not found", { status: 404 }) : Response.json(answer);
  };
  return { fetch, asked };
}
