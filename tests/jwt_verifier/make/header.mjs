// Attacks through the header: 01, 08, 13, 14, 15.

import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { CompactEncrypt, EncryptJWT } from "jose";
import { base64url, Cases, claims, good, goodWith, hmac, jws, one } from "./kit.mjs";

const signature = Buffer.alloc(64, 7);
const unsigned = (header, bytes = "") => `${base64url(header)}.${base64url(claims())}.${base64url(bytes)}`;

export async function header() {
  const none = new Cases("attack_01");
  for (const [name, member] of Object.entries({
    none: '"alg":"none"',
    none_capitalized: '"alg":"None"',
    none_in_capitals: '"alg":"NONE"',
    none_in_mixed_case: '"alg":"nOnE"',
    none_with_a_blank: '"alg":"none "',
    none_with_a_nul: '"alg":"none\\u0000"',
    none_escaped: '"alg":"\\u006eone"',
    empty: '"alg":""',
    null: '"alg":null',
    false: '"alg":false',
    zero: '"alg":0',
    a_list_of_none: '"alg":["none"]',
    a_list_of_a_good_one: '"alg":["ES256"]',
    an_object: '"alg":{"ES256":1}',
    in_capitals: '"ALG":"ES256"',
    missing: '"typ":"JWT"',
  })) {
    const head = `{${member},"kid":"p256"}`;
    none.atOnce(["alg", name, "is refused"], [unsigned(head), unsigned(head, signature)], "ERR_TOKEN_ALGORITHM");
  }
  for (const alg of [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
  ]) {
    const token = unsigned({ alg, kid: "p256" });
    none.atOnce([alg, "with an empty signature is refused"], token, "ERR_TOKEN_SIGNATURE");
    none.atOnce([alg, "without a signature is refused"], token.slice(0, -1), "ERR_TOKEN_MALFORMED");
  }
  for (const alg of ["HS256", "HS384", "HS512"]) {
    none.atOnce([alg, "with an empty signature is refused"], unsigned({ alg }), "ERR_TOKEN_SIGNATURE", {
      on: "shared",
    });
  }
  const spelled = [
    "es256",
    "Es256",
    "ES256 ",
    " ES256",
    "ES256\0",
    "ES-256",
    "ES1",
    "ES256K",
    "Ed448",
    "HS1",
    "A",
    "ES256,HS256",
  ];
  for (const [index, alg] of spelled.entries()) {
    none.atOnce(
      ["other spelling", index + 1, "of an algorithm is refused"],
      jws(one.p256, claims(), { alg }),
      "ERR_TOKEN_ALGORITHM",
    );
  }

  const crit = new Cases("attack_08");
  for (const [name, members] of Object.entries({
    unknown_extension: '"crit":["x-unknown"],"x-unknown":1',
    absent_extension: '"crit":["x-absent"]',
    no_extension: '"crit":[]',
    registered_claim: '"crit":["exp"],"exp":1900000000',
    registered_parameter: '"crit":["alg"]',
    same_name_twice: '"crit":["exp","exp"],"exp":1',
    b64_false: '"crit":["b64"],"b64":false',
    b64_true: '"crit":["b64"],"b64":true',
    null: '"crit":null',
    string: '"crit":"b64"',
    object: '"crit":{}',
    number: '"crit":0',
    escaped: '"cr\\u0069t":["x"],"x":1',
  })) {
    crit.atOnce(["crit", name, "is refused"], goodWith(members), "ERR_TOKEN_MALFORMED");
  }
  for (const [name, text] of Object.entries({ false: "false", true: "true", string: '"false"', null: "null" })) {
    crit.atOnce(["b64", name, "is refused"], goodWith(`"b64":${text}`), "ERR_TOKEN_MALFORMED");
  }
  crit.atOnce("b64 escaped is refused", goodWith('"\\u0062\\u0036\\u0034":false'), "ERR_TOKEN_MALFORMED");

  const jwe = new Cases("attack_13");
  const inner = unsigned({ alg: "none" });
  const encrypted = {
    nested: await new CompactEncrypt(Buffer.from(inner))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT", kid: "rsa" })
      .encrypt(one.rsa.publicKey),
    to_the_providers_key: await new EncryptJWT(claims())
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "rsa" })
      .encrypt(one.rsa.publicKey),
    direct: await new EncryptJWT(claims())
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(new Uint8Array(32)),
  };
  for (const [name, token] of Object.entries(encrypted)) {
    const parts = token.split(".");
    jwe.atOnce(["jwe", name, "is refused"], token, "ERR_TOKEN_MALFORMED");
    jwe.atOnce(["four parts of jwe", name, "are refused"], parts.slice(0, 4).join("."), "ERR_TOKEN_MALFORMED");
    jwe.atOnce(
      ["three parts of jwe", name, "are refused"],
      `${parts[0]}.${base64url(claims())}.AAAA`,
      "ERR_TOKEN_ALGORITHM",
    );
  }
  for (const alg of [
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA1_5",
    "dir",
    "A256KW",
    "ECDH-ES",
    "PBES2-HS256+A128KW",
    "A128GCMKW",
  ]) {
    jwe.atOnce(["alg", alg, "is refused"], jws(one.p256, claims(), { alg, enc: "A256GCM" }), "ERR_TOKEN_ALGORITHM");
  }
  jwe.atOnce("a signed token in a signed token is refused", good(good(), { cty: "JWT" }), "ERR_TOKEN_MALFORMED");
  jwe.atOnce("a quoted token in a signed token is refused", good(`"${inner}"`, { cty: "JWT" }), "ERR_TOKEN_MALFORMED");

  const bombs = new Cases("attack_14");
  const password = { alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "AAAAAAAAAAA", p2c: 2 ** 31 - 1 };
  bombs.atOnce("password iterations as jwe are refused", `${base64url(password)}.a.b.c.d`, "ERR_TOKEN_MALFORMED");
  bombs.atOnce("password iterations as jws are refused", unsigned(password, signature), "ERR_TOKEN_ALGORITHM");
  const zip = (bytes) => good(deflateRawSync(bytes), { zip: "DEF" });
  bombs.atOnce("compressed claims are refused", zip(Buffer.from(JSON.stringify(claims()))), "ERR_TOKEN_MALFORMED");
  bombs.atOnce("a compressed bomb is refused", zip(Buffer.alloc(8 << 20, " ")), "ERR_TOKEN_MALFORMED");

  return [...none.list, ...crit.list, ...jwe.list, ...bombs.list, ...kinds(new Cases("attack_15"))];
}

/** Other kinds of token. */
function kinds(kind) {
  for (const typ of [
    "id_token",
    "id+jwt",
    "dpop+jwt",
    "application/dpop+jwt",
    "logout+jwt",
    "LOGOUT+JWT",
    "secevent+jwt",
    "oauth-authz-req+jwt",
    "token-introspection+jwt",
    "client-authentication+jwt",
    "kb+jwt",
    "entity-statement+jwt",
    "JOSE",
    "JWS",
    "JWE",
    "rt+jwt",
    "at+jwt ",
    "at jwt",
    "application/application/at+jwt",
    "application/",
    "text/at+jwt",
    "jwt\0",
    "",
  ]) {
    const name = {
      "LOGOUT+JWT": "logout in capitals",
      "at+jwt ": "at+jwt with a blank",
      "at jwt": "at and jwt apart",
      "jwt\0": "jwt with a nul",
      "": "empty",
    }[typ];
    kind.atOnce(["typ", name ?? typ, "is refused"], good(claims(), { typ }), "ERR_TOKEN_TYPE");
  }
  for (const [name, typ] of Object.entries({ null: null, number: 1, boolean: true, list: ["at+jwt"], object: {} })) {
    kind.atOnce(["typ as", name, "is refused"], good(claims(), { typ }), "ERR_TOKEN_MALFORMED");
  }
  for (const [name, typ] of Object.entries({
    at_jwt: "at+jwt",
    at_jwt_in_capitals: "AT+JWT",
    at_jwt_as_a_media_type: "application/at+jwt",
    jwt: "JWT",
    jwt_in_small_letters: "jwt",
    nothing: undefined,
  })) {
    kind.add(["typ", name, "is an access tokens"], good(claims(), { typ }), "accepted");
  }
  const strict = { on: "strict_typ" };
  kind.add("where at+jwt is required it is taken", good(claims(), { typ: "application/AT+jwt" }), "accepted", strict);
  const lax = [good(claims(), { typ: "JWT" }), good(claims(), { typ: "" }), good()];
  kind.atOnce("where at+jwt is required nothing else is taken", lax, "ERR_TOKEN_TYPE", strict);
  for (const [name, cnf] of Object.entries({
    jkt: { jkt: "x" },
    jwk: { jwk: {} },
    x5t: { "x5t#S256": "x" },
    nothing: {},
    null: null,
    list: [],
  })) {
    kind.add(["bound to a key by", name, "is no bearer token"], good(claims({ cnf })), "ERR_TOKEN_CLAIM");
  }
  kind.add(
    "an hmac of the tables own kit is accepted",
    ["HS256", "HS384", "HS512"].map((alg) => jws(hmac(alg), claims())),
    "accepted",
    { on: "shared" },
  );
  return kind.list;
}
