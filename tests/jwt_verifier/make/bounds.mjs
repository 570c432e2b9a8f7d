// Attacks by size, by what is fetched, by sets of keys and by configuration: 04, 12, 18, 19.

import { Buffer } from "node:buffer";
import { base64url, Cases, claims, claimsBut, claimsWith, good, goodWith, issuer, jws, one, other } from "./kit.mjs";
import { weak } from "./weak.mjs";

const few = { keys: [one.p256.jwk] };

export function bounds() {
  return [...sizes(), ...fetches(), ...sets(), ...configurations()];
}

/** 12: size, nesting, members, segments. */
function sizes() {
  const cases = new Cases("attack_12");
  const token = good();
  const [head, payload, tail] = token.split(".");
  const two = `${head}.${payload}`;
  for (const [name, large] of Object.entries({
    one_segment_of_1_mb: "a".repeat(1 << 20),
    a_million_dots: ".".repeat(1_000_000),
    many_short_segments: "a.".repeat(500_000),
    many_accents: "é".repeat(1 << 20),
    a_fourth_segment_of_1_mb: `${token}.${"a".repeat(1 << 20)}`,
    a_claim_of_1_mb: good(claimsWith(`"x":"${"x".repeat(1 << 20)}"`)),
    a_header_of_1_mb: goodWith(`"x":"${"x".repeat(1 << 20)}"`),
    an_audience_of_100000: good(claimsBut("aud", `[${'"xxx",'.repeat(100_000)}"api"]`)),
    nesting_of_10000: good(claimsWith(`"x":${"[".repeat(10_000)}${"]".repeat(10_000)}`)),
    a_signature_of_1_mb: `${two}.${base64url(Buffer.alloc(1 << 20, 7))}`,
  })) {
    cases.atOnce([name, "is refused"], large, "ERR_TOKEN_MALFORMED");
  }
  const nested = (depth) => `"x":${"[".repeat(depth)}${"]".repeat(depth)}`;
  cases.add("nesting of 31 is read", good(claimsWith(nested(31))), "accepted");
  for (const depth of [32, 33, 100, 5_000]) {
    const tokens = [good(claimsWith(nested(depth))), goodWith(nested(depth))];
    cases.atOnce(["nesting of", depth, "is refused"], tokens, "ERR_TOKEN_MALFORMED");
  }
  cases.atOnce(
    "nested objects are refused",
    good(`${'{"aa":'.repeat(1_800)}1${"}".repeat(1_800)}`),
    "ERR_TOKEN_MALFORMED",
  );
  const sized = (length) => {
    for (let pad = 11_000; ; pad += 1) {
      const text = good(claimsWith(`"x":"${"x".repeat(pad)}"`));
      if (text.length >= length) return text;
    }
  };
  cases.add("a token of 16 kB is read", sized(16_380), "accepted");
  cases.atOnce("a token of more than 16 kB is refused", sized(16_385), "ERR_TOKEN_MALFORMED");
  const many = Array.from({ length: 1500 }, (_, index) => `"${index.toString(16)}":1`).join(",");
  cases.add("as many members as fit are read", good(claimsWith(many)), "accepted");
  const scopes = Array.from({ length: 2000 }, (_, index) => index.toString(16)).join(" ");
  cases.add("as many scopes as fit are read", good(claims({ scope: scopes })), "accepted");
  for (const [name, text] of Object.entries({
    nothing: "",
    one_dot: ".",
    two_dots: "..",
    three_dots: "...",
    four_dots: "....",
    five_dots: ".....",
    two_segments: two,
    one_segment: head,
    a_dot_behind: `${token}.`,
    a_dot_before: `.${token}`,
    an_empty_segment_within: `${two}..${tail}`,
    two_tokens: `${token}.${token}`,
    a_foreign_dot: `${two}\u2024${tail}`,
    as_many_dots_as_fit: ".".repeat(16_384),
    no_claims: `${head}..${tail}`,
    the_word_undefined: "undefined",
  })) {
    cases.atOnce(["a token of", name, "is refused"], text, "ERR_TOKEN_MALFORMED");
  }
  cases.atOnce("a token of swapped segments is refused", `${payload}.${head}.${tail}`, "ERR_TOKEN_ALGORITHM");
  return cases.list;
}

/** 04: what is fetched, and from where. */
function fetches() {
  const cases = new Cases("attack_04");
  const openid = `${issuer}/.well-known/openid-configuration`;
  const oauth = `${issuer}/.well-known/oauth-authorization-server`;
  const document = (more = {}) => JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, ...more });
  for (const [name, body] of Object.entries({
    of_another_issuer: document({ issuer: "https://evil.example", jwks_uri: "https://evil.example/keys" }),
    of_an_issuer_with_a_slash: document({ issuer: `${issuer}/` }),
    without_a_place: JSON.stringify({ issuer }),
    with_a_plain_place: document({ jwks_uri: "http://one.example/keys" }),
    with_a_file: document({ jwks_uri: "file:///etc/passwd" }),
    with_credentials: document({ jwks_uri: "https://a:b@one.example/keys" }),
    with_a_list_of_places: document({ jwks_uri: [`${issuer}/keys`] }),
    with_two_places: `{"issuer":"${issuer}","jwks_uri":"${issuer}/keys","jwks_uri":"https://evil.example/keys"}`,
    with_two_issuers: `{"issuer":"https://evil.example","issuer":"${issuer}","jwks_uri":"${issuer}/keys"}`,
    that_is_html: "<!doctype html>",
  })) {
    const answers = [
      [200, body],
      [200, body],
      [200, JSON.stringify(few)],
    ];
    cases.add(["a document", name, "leads nowhere"], good(), "ERR_JWKS_UNAVAILABLE", {
      on: "discovering",
      answers,
      fetched: [openid, oauth],
    });
  }
  const found = [
    [200, document({ jwks_uri: `${issuer}/k` })],
    [200, JSON.stringify(few)],
  ];
  cases.add("a document leads to the keys", good(), "accepted", {
    on: "discovering",
    answers: found,
    fetched: [openid, `${issuer}/k`],
  });
  for (const status of [201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503]) {
    const answers = [[status, JSON.stringify(few)]];
    cases.add(["keys with the status", status, "are none"], good(), "ERR_JWKS_UNAVAILABLE", { answers, fetches: 1 });
  }
  cases.add("a provider out of reach is asked once", [good(), good()], "ERR_JWKS_UNAVAILABLE", {
    answers: [null],
    fetches: 1,
  });
  cases.add("an answer of more than 256 kB is none", good(), "ERR_JWKS_UNAVAILABLE", {
    answers: [[200, `${JSON.stringify(few).slice(0, -1)},"x":"${"x".repeat(256 * 1024)}"}`]],
    fetches: 1,
  });
  return cases.list;
}

/** 18: bad keys in a set, and sets that are none. */
function sets() {
  const cases = new Cases("attack_18");
  const rsa = { ...one.rsa.jwk, kid: "bad" };
  const p256 = { ...one.p256.jwk, kid: "bad" };
  const ed = { ...one.ed.jwk, kid: "bad" };
  const bad = {
    number: 7,
    null: null,
    list: [],
    nothing: {},
    rsa_of_1024_bits: { ...weak, kid: "bad" },
    rsa_with_e_of_1: { ...rsa, e: "AQ" },
    rsa_with_e_of_0: { ...rsa, e: "AA" },
    rsa_without_digits_of_e: { ...rsa, e: "" },
    rsa_with_an_even_e: { ...rsa, e: "AQAA" },
    rsa_with_a_large_e: { ...rsa, e: "AQABAQAB" },
    rsa_with_a_number_as_e: { ...rsa, e: 65537 },
    rsa_for_encryption: { ...rsa, use: "enc" },
    rsa_without_n: { ...rsa, n: undefined },
    rsa_without_e: { ...rsa, e: undefined },
    rsa_for_signing_only: { ...rsa, key_ops: ["sign"] },
    rsa_for_wrapping: { ...rsa, key_ops: ["encrypt", "wrapKey"] },
    rsa_with_d: { ...rsa, d: "AA" },
    rsa_with_p: { ...rsa, p: "AA" },
    rsa_with_k: { ...rsa, k: "AA" },
    rsa_for_ES256: { ...rsa, alg: "ES256" },
    rsa_for_HS256: { ...rsa, alg: "HS256" },
    rsa_for_none: { ...rsa, alg: "none" },
    rsa_for_a_number: { ...rsa, alg: 7 },
    kty_in_small_letters: { ...rsa, kty: "rsa" },
    kty_unknown: { ...rsa, kty: "AKP" },
    p256_for_ES384: { ...p256, alg: "ES384" },
    p256_as_p384: { ...p256, crv: "P-384" },
    p256_as_secp256k1: { ...p256, crv: "secp256k1" },
    p256_without_y: { ...p256, y: undefined },
    p256_with_d: { ...p256, d: "AA" },
    p256_off_the_curve: { ...p256, y: base64url(Buffer.alloc(32, 1)) },
    ed25519_as_ed448: { ...ed, crv: "Ed448" },
    ed25519_as_x25519: { ...ed, crv: "X25519" },
    ed25519_with_d: { ...ed, d: "AA" },
    ed25519_too_short: { ...ed, x: ed.x.slice(0, 40) },
  };
  const forged = [
    ["RS256", one.rsa],
    ["ES256", one.p256],
    ["EdDSA", one.ed],
  ].map(([alg, key]) => jws({ ...key, alg, kid: "bad" }, claims()));
  for (const [name, key] of Object.entries(bad)) {
    for (const [place, keys] of Object.entries({ before: [key, one.p256.jwk], behind: [one.p256.jwk, key] })) {
      const answers = [[200, JSON.stringify({ keys })]];
      const refused = ["ERR_KEY_NOT_FOUND", "ERR_TOKEN_SIGNATURE"];
      cases.add([name, place, "a good key is not used"], forged, refused, { answers, also: good() });
    }
  }
  cases.add("a set of bad keys has none", good(), "ERR_JWKS_UNAVAILABLE", {
    answers: [
      [200, JSON.stringify({ keys: Object.values(bad).filter((key) => key?.y !== base64url(Buffer.alloc(32, 1))) })],
    ],
  });
  const [mine, its] = [one.p256.jwk, other.p256.jwk];
  const unnamed = jws({ ...one.p256, kid: undefined }, claims());
  for (const [name, keys] of Object.entries({
    two_keys: [mine, its],
    two_keys_turned_round: [its, mine],
    three_keys: [mine, its, mine],
  })) {
    const answers = [[200, JSON.stringify({ keys })]];
    cases.add(["a kid of", name, "means none"], [good(), unnamed], "ERR_KEY_NOT_FOUND", { answers });
  }
  // A token that names no key is tried with each that has no name.
  const nameless = (keys) => ({ answers: [[200, JSON.stringify({ keys: keys.map(({ kid: _, ...key }) => key) })]] });
  cases.add("a nameless token is of the first nameless key", unnamed, "accepted", nameless([mine, its]));
  cases.add("a nameless token is of the second nameless key", unnamed, "accepted", nameless([its, mine]));
  cases.add("a nameless token is of no nameless key", unnamed, "ERR_TOKEN_SIGNATURE", nameless([its]));
  cases.add("the same key twice is one key", good(), "accepted", {
    answers: [[200, JSON.stringify({ keys: [mine, mine] })]],
  });
  const namesake = { ...one.ed.jwk, kid: "p256" };
  cases.add("a namesake of another kind disturbs nobody", good(), "accepted", {
    answers: [[200, JSON.stringify({ keys: [mine, namesake] })]],
  });
  const text = JSON.stringify(mine);
  const two = text.replace('"use":"sig"', '"use":"enc","use":"sig"');
  for (const [name, body, expect] of [
    ["a key of two uses is not used", `{"keys":[${two}]}`, ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"]],
    ["a key with two thumbprints is used", `{"keys":[${text.replace("{", '{"x5t":"a","x5t":"b",')}]}`, "accepted"],
    ["a set with other members twice is used", `{"a":1,"a":2,"keys":[${two},${text}]}`, "accepted"],
    ["a set behind a byte order mark is used", `\ufeff{"keys":[${text}]}`, "accepted"],
    ["a set with keys twice is none", `{"keys":[${text}],"keys":[${JSON.stringify(its)}]}`, "ERR_JWKS_UNAVAILABLE"],
    ["a set behind two byte order marks is none", `\ufeff\ufeff{"keys":[${text}]}`, "ERR_JWKS_UNAVAILABLE"],
    ["a set of nothing is none", "", "ERR_JWKS_UNAVAILABLE"],
    ["a set without keys is none", "{}", "ERR_JWKS_UNAVAILABLE"],
    ["a set as a list is none", "[]", "ERR_JWKS_UNAVAILABLE"],
    ["a set of an object is none", '{"keys":{}}', "ERR_JWKS_UNAVAILABLE"],
    ["an empty set is none", '{"keys":[]}', "ERR_JWKS_UNAVAILABLE"],
    ["a page is no set", "<!doctype html>", "ERR_JWKS_UNAVAILABLE"],
  ]) {
    cases.add(name, good(), expect, { answers: [[200, body]], fetches: 1 });
  }
  return cases.list;
}

/** 19, and what else may not be configured: refused when the verifier is made. */
function configurations() {
  const cases = new Cases("attack_19");
  for (const [index, audience] of ["a.i", ".*", "^api$", "/api/", "api|x", "*"].entries()) {
    cases.add(["audience pattern", index + 1, "is a string"], good(), "ERR_TOKEN_AUDIENCE", {
      on: { audience, jwks: few },
    });
  }
  const wrong = (name, members) => cases.add([name, "is no option"], [], "ERR_CONFIG", { on: members });
  const keys = { jwks: few };
  for (const [name, audience] of Object.entries({
    object: {},
    source: { source: "api" },
    list_of_objects: [{}],
    mixed_list: ["api", {}],
    true: true,
    empty: "",
    empty_list: [],
    list_of_empty: [""],
  })) {
    wrong(`audience ${name}`, { audience, ...keys });
  }
  wrong("no audience", keys);
  for (const [name, typ] of Object.entries({ object: {}, list_of_objects: [{}] }))
    wrong(`typ ${name}`, { audience: "api", typ, ...keys });
  for (const [name, algorithms] of Object.entries({
    object: [{}],
    HS256: ["HS256"],
    both: ["ES256", "HS256"],
    none: ["none"],
    none_capitalized: ["None"],
    empty: [],
    star: ["*"],
    string: "ES256",
  }))
    wrong(`algorithms ${name}`, { audience: "api", algorithms, ...keys });
  wrong("required scopes as an object", { audience: "api", requiredScopes: {}, ...keys });
  wrong("required claims as a string", { audience: "api", requiredClaims: "client_id", ...keys });
  wrong("an issuer as a pattern", { audience: "api", issuerPattern: ".*", ...keys });
  for (const [name, jwksUri] of Object.entries({
    plain: "http://one.example/keys",
    ftp: "ftp://one.example/keys",
    relative: "//one.example/keys",
    file: "file:///etc/passwd",
    data: "data:application/json,{}",
    credentials: "https://u:p@one.example/keys",
    lookalike: "http://localhost.evil.example/keys",
  })) {
    wrong(`jwksUri ${name}`, { audience: "api", jwksUri });
  }
  return cases.list;
}
