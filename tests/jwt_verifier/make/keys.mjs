// Attacks through keys, and through what chooses them: 02, 03, 05, 17.

import { Buffer } from "node:buffer";
import { base64url, Cases, claims, good, issuer, jwks, jws, one, other, secret } from "./kit.mjs";

const signature = (length) => Buffer.alloc(length, 7);
const lengths = {
  RS256: 256,
  RS384: 256,
  RS512: 256,
  PS256: 256,
  PS384: 256,
  PS512: 256,
  ES256: 64,
  ES384: 96,
  ES512: 132,
  EdDSA: 64,
  Ed25519: 64,
};
const own = {
  rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  p256: ["ES256"],
  p384: ["ES384"],
  p521: ["ES512"],
  ed: ["EdDSA", "Ed25519"],
};
const unsigned = (header, bytes) => `${base64url(header)}.${base64url(claims())}.${base64url(bytes)}`;

export function keys() {
  return [...confusion(), ...brought(), ...names(), ...issuers()];
}

/** 02: the key, and not the header, says what is done with it. */
function confusion() {
  const cases = new Cases("attack_02");
  const rsa = one.rsa.publicKey.export({ format: "pem", type: "spki" });
  const ec = one.p256.publicKey.export({ format: "pem", type: "spki" });
  for (const [name, spelling] of Object.entries({
    pem: rsa,
    pem_trimmed: rsa.trim(),
    pem_after_a_newline: `\n${rsa}`,
    pem_after_a_blank: ` ${rsa}`,
    pem_with_carriage_returns: rsa.replaceAll("\n", "\r\n"),
    pem_of_pkcs1: one.rsa.publicKey.export({ format: "pem", type: "pkcs1" }),
    der: one.rsa.publicKey.export({ format: "der", type: "spki" }),
    jwk: JSON.stringify(one.rsa.jwk),
    jwks: JSON.stringify(jwks()),
    modulus: Buffer.from(one.rsa.jwk.n, "base64url"),
    modulus_as_text: one.rsa.jwk.n,
    pem_of_p256: ec,
    nothing: "",
  })) {
    const tokens = ["HS256", "HS384", "HS512"].map((alg) =>
      jws({ alg, secret: Buffer.from(spelling), kid: "rsa" }, claims()),
    );
    cases.atOnce(["public key as", name, "is no secret"], tokens, "ERR_TOKEN_ALGORITHM");
  }
  // Each key with each algorithm: it works with its own, and with no other, whatever the length of the signature.
  for (const [kid, mine] of Object.entries(own)) {
    for (const [alg, length] of Object.entries(lengths)) {
      if (mine.includes(alg)) {
        const native = ["ES256", "EdDSA", "Ed25519"].includes(alg);
        cases.add(["key", kid, "takes its own", alg], jws({ ...one[kid], alg }, claims()), "accepted", { native });
      } else {
        cases.add(["key", kid, "takes no", alg], unsigned({ alg, kid }, signature(length)), "ERR_KEY_NOT_FOUND", {
          on: "local",
        });
      }
    }
  }
  const oct = { kty: "oct", kid: "oct", k: base64url(secret.subarray(0, 32)) };
  const published = { answers: [[200, JSON.stringify({ keys: [oct, one.p256.jwk] })]] };
  const signed = jws({ alg: "HS256", secret: secret.subarray(0, 32), kid: "oct" }, claims());
  cases.atOnce("a published secret takes no hmac", signed, "ERR_TOKEN_ALGORITHM", published);
  cases.add(
    "a published secret takes no signature",
    unsigned({ alg: "ES256", kid: "oct" }, signature(64)),
    "ERR_KEY_NOT_FOUND",
    published,
  );
  cases.add("a published secret harms no other key", good(), "accepted", published);
  cases.add("a set of secrets has no keys", good(), "ERR_JWKS_UNAVAILABLE", {
    answers: [[200, JSON.stringify({ keys: [oct] })]],
  });
  cases.atOnce("a secret takes no ES256", good(), "ERR_TOKEN_ALGORITHM", { on: "shared" });
  cases.atOnce("a secret takes no RS256", jws(one.rsa, claims()), "ERR_TOKEN_ALGORITHM", { on: "shared" });
  cases.atOnce("a secret takes no EdDSA", jws(one.ed, claims()), "ERR_TOKEN_ALGORITHM", { on: "shared" });
  const alone = { on: { audience: "api", jwks: { keys: [{ ...one.rsa.jwk, alg: "RS512" }] } }, native: false };
  cases.add("a key with alg takes that algorithm", jws({ ...one.rsa, alg: "RS512" }, claims()), "accepted", alone);
  for (const alg of ["RS256", "PS512"]) {
    cases.add(["a key with alg takes no", alg], jws({ ...one.rsa, alg }, claims()), "ERR_KEY_NOT_FOUND", alone);
  }
  const listed = { on: { audience: "api", jwks: jwks(), algorithms: ["ES256"] } };
  cases.add("a listed algorithm is taken", good(), "accepted", listed);
  cases.atOnce(
    "an unlisted algorithm is refused",
    [jws(one.ed, claims()), jws(one.rsa, claims())],
    "ERR_TOKEN_ALGORITHM",
    listed,
  );
  return cases.list;
}

/** 03: keys that the token brings along, or points to. */
function brought() {
  const cases = new Cases("attack_03");
  const pem = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
  for (const [name, header] of Object.entries({
    jwk: { jwk: other.p256.jwk },
    jku: { jku: "https://evil.example/keys" },
    x5u: { x5u: "https://evil.example/cert" },
    x5c: { x5c: [pem] },
    x5t: { x5t: "AAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    jwks_uri: { iss: "https://evil.example", jwks_uri: "https://evil.example/keys" },
    all_of_them: {
      jwk: other.p256.jwk,
      jku: "https://evil.example/keys",
      x5u: "https://evil.example/cert",
      x5c: [pem],
    },
  })) {
    // Under a kid that the provider has its own key decides; under another nothing helps. Nobody else is asked.
    const asked = { fetched: [`${issuer}/keys`] };
    cases.add([name, "changes no key"], jws(other.p256, claims(), header), "ERR_TOKEN_SIGNATURE", asked);
    cases.add([name, "adds no key"], jws({ ...other.p256, kid: "evil" }, claims(), header), "ERR_KEY_NOT_FOUND", asked);
  }
  return cases.list;
}

/** 05: a kid is a name, and nothing else. */
function names() {
  const cases = new Cases("attack_05");
  const asked = { fetched: [`${issuer}/keys`] };
  for (const [name, kid] of Object.entries({
    prototype: "__proto__",
    constructor_: "constructor",
    to_string: "toString",
    has_own_property: "hasOwnProperty",
    path: "../../../../etc/passwd",
    device: "/dev/null",
    sql: "p256' OR '1'='1",
    sql_union: "p256' UNION SELECT 'key",
    shell: "p256; cat /etc/passwd",
    with_a_nul: "p256\0",
    with_a_newline: "p256\n",
    in_capitals: "P256",
    after_a_blank: " p256",
    before_a_blank: "p256 ",
    empty: "",
    index: "0",
    star: "*",
    pattern: ".*",
    url: "https://evil.example/keys",
    query: "p256?x=1",
    fragment: "p256#x",
    template: "{issuer}",
    of_256_bytes: "é".repeat(128),
  })) {
    cases.add(
      ["kid as", name, "finds nothing"],
      jws({ ...one.p256, kid }, claims(), { kid }),
      "ERR_KEY_NOT_FOUND",
      asked,
    );
  }
  for (const [name, kid] of Object.entries({
    number: 0,
    fraction: 1.5,
    null: null,
    boolean: true,
    list: [],
    list_of_the_good_one: ["p256"],
    object: {},
    object_of_the_good_one: { p256: 1 },
    text_of_257_bytes: "k".repeat(257),
    text_of_10_kb: "k".repeat(10_000),
    text_of_1_mb: "k".repeat(1 << 20),
  })) {
    cases.atOnce(["kid as", name, "is refused"], good(claims(), { kid }), "ERR_TOKEN_MALFORMED");
  }
  return cases.list;
}

/** 17: keys never cross issuers, and neither do audiences. */
function issuers() {
  const cases = new Cases("attack_17");
  const two = "https://two.example";
  const on = { on: "two_issuers" };
  cases.add(
    "each issuer has its own key",
    [good(), jws(other.p256, claims({ iss: two, aud: "other" }))],
    "accepted",
    on,
  );
  cases.add("another issuers key signs nothing for one", jws(other.p256, claims()), "ERR_TOKEN_SIGNATURE", on);
  cases.add(
    "another issuers key signs nothing for two",
    good(claims({ iss: two, aud: "other" })),
    "ERR_TOKEN_SIGNATURE",
    on,
  );
  cases.add(
    "another issuers kid is unknown to one",
    jws({ ...other.ed, kid: "two only" }, claims()),
    "ERR_KEY_NOT_FOUND",
    on,
  );
  cases.add("an audience is bound to its issuer", good(claims({ aud: "other" })), "ERR_TOKEN_AUDIENCE", on);
  cases.add(
    "an audience is bound to the other issuer",
    jws(other.p256, claims({ iss: two })),
    "ERR_TOKEN_AUDIENCE",
    on,
  );
  return cases.list;
}
