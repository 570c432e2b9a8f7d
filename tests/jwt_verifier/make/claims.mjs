// Attacks through the claims, well signed: 09, 10, 11, 20.

import { Buffer } from "node:buffer";
import { Cases, claims, claimsBut, claimsWith, good, goodWith, issuer, jwks, jws, NOW, other } from "./kit.mjs";

export function wellSigned() {
  return [...dates(), ...parties(), ...twice(), ...around()];
}

const noDates = {
  text: '"1800000600"',
  true: "true",
  false: "false",
  a_list: "[1800000600]",
  an_object: "{}",
  negative: "-1",
  far_below_zero: "-1e300",
  far_above: "1e300",
  the_year_10000: "253402300800",
  an_i64: "9223372036854775807",
  a_u64: "18446744073709551615",
  milliseconds: "1800000600000",
};
const noNumbers = ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x10", "1_000"];

/** 09: NumericDates, and other claims of a type that is theirs. */
function dates() {
  const cases = new Cases("attack_09");
  for (const name of ["exp", "iat", "nbf"]) {
    for (const [what, text] of Object.entries(noDates)) {
      cases.add([name, "as", what, "is refused"], good(claimsBut(name, text)), "ERR_TOKEN_CLAIM", { on: "local" });
    }
    const tokens = noNumbers.map((text) => good(claimsBut(name, text)));
    cases.atOnce([name, "as what is no number in json is refused"], tokens, "ERR_TOKEN_MALFORMED");
  }
  const optional = { on: { audience: "api", jwks: jwks(), optionalClaims: ["iat", "exp"], maxTokenAgeSec: 600 } };
  for (const name of ["exp", "nbf"]) {
    const tokens = Object.values(noDates).map((text) => good(claimsBut(name, text)));
    cases.add(["an optional", name, "of another type is refused"], tokens, "ERR_TOKEN_CLAIM", optional);
  }
  for (const [name, text] of [
    ["sub", "42"],
    ["sub", "null"],
    ["sub", "[]"],
    ["jti", "7"],
    ["jti", "{}"],
    ["scope", "7"],
    ["scope", "{}"],
    ["scp", "[7]"],
    ["scp", "[null]"],
  ]) {
    const what = {
      42: "a number",
      7: "a number",
      null: "null",
      "[]": "a list",
      "{}": "an object",
      "[7]": "a list of numbers",
      "[null]": "a list of null",
    }[text];
    cases.add([name, "as", what, "is refused"], good(claimsBut(name, text)), "ERR_TOKEN_CLAIM", { on: "local" });
  }
  for (const name of ["nbf", "jti", "scope", "scp", "email"]) {
    const tokens = ["null", '""', "[]"].map((text) => good(claimsBut(name, text)));
    cases.add(["a", name, "that says nothing is absent"], tokens, "accepted", { on: "local" });
  }
  for (const name of ["exp", "iat", "sub"]) {
    const tokens = ["null", '""', "[]"].map((text) => good(claimsBut(name, text)));
    cases.add(["an", name, "that says nothing is missing"], tokens, "ERR_TOKEN_CLAIM", { on: "local" });
    cases.add(["an", name, "that is missing is refused"], good(claims({ [name]: undefined })), "ERR_TOKEN_CLAIM", {
      on: "local",
    });
  }
  const zeros = ["0", "-0", "0.0", "-0.0", "0e5", "1e-400"].map((text) => good(claimsBut("exp", text)));
  cases.add("zero is a date and long ago", zeros, "ERR_TOKEN_EXPIRED", { on: "local" });
  cases.add("zero is a date to be issued at", good(claimsBut("iat", "0")), "accepted", { on: "local" });
  cases.add("zero is a date to begin with", good(claimsBut("nbf", "0")), "accepted", { on: "local" });
  // The tolerance of 30 s is added once, and fractions count.
  for (const [what, name, text, expect] of [
    ["exp 29 s ago", "exp", `${NOW - 29}`, "accepted"],
    ["exp 30 s ago", "exp", `${NOW - 30}`, "ERR_TOKEN_EXPIRED"],
    ["exp 29 and a half s ago", "exp", `${NOW - 30}.5`, "accepted"],
    ["exp a millisecond under 30 s ago", "exp", `${NOW - 30}.001`, "accepted"],
    ["nbf in 30 s", "nbf", `${NOW + 30}`, "accepted"],
    ["nbf in 31 s", "nbf", `${NOW + 31}`, "ERR_TOKEN_NOT_YET_VALID"],
    ["nbf in 30 and a half s", "nbf", `${NOW + 30}.5`, "ERR_TOKEN_NOT_YET_VALID"],
    ["iat in 30 s", "iat", `${NOW + 30}`, "accepted"],
    ["iat in 31 s", "iat", `${NOW + 31}`, "ERR_TOKEN_NOT_YET_VALID"],
    ["iat in the year 9999", "iat", "253402300799", "ERR_TOKEN_NOT_YET_VALID"],
    ["exp in the year 9999", "exp", "253402300799", "accepted"],
    ["exp with an exponent", "exp", "1.8000006e9", "accepted"],
  ]) {
    cases.add([what, expect === "accepted" ? "is taken" : "is refused"], good(claimsBut(name, text)), expect, {
      on: "local",
    });
  }
  return cases.list;
}

/** 10: who issued it, and for whom. */
function parties() {
  const cases = new Cases("attack_10");
  for (const [name, text] of Object.entries({
    list: `["${issuer}"]`,
    list_behind_another: `["https://evil.example","${issuer}"]`,
    object: `{"${issuer}":true}`,
    null: "null",
    boolean: "true",
    number: "0",
    with_a_slash: `"${issuer}/"`,
    in_another_case: '"https://One.example"',
    before_a_blank: `"${issuer} "`,
    after_a_blank: `" ${issuer}"`,
    with_a_nul: `"${issuer}\\u0000"`,
    with_a_newline: `"${issuer}\\n"`,
    with_a_cyrillic_letter: '"https://one.exampl\\u0435"',
    with_a_query: `"${issuer}?"`,
    of_somebody_else: '"https://evil.example"',
    of_plain_http: '"http://one.example"',
    before_an_at: `"${issuer}@evil.example"`,
    as_a_subdomain: `"${issuer}.evil.example"`,
    of_metadata_service: '"http://169.254.169.254/latest/meta-data"',
    as_a_file: '"file:///etc/passwd"',
    empty: '""',
  })) {
    cases.atOnce(["iss", name, "is refused and not asked"], good(claimsBut("iss", text)), "ERR_TOKEN_ISSUER");
  }
  cases.atOnce("iss missing is refused", good(claims({ iss: undefined })), "ERR_TOKEN_ISSUER");
  cases.add("iss escaped is the same string", good(claimsBut("iss", '"https:\\/\\/\\u006fne.example"')), "accepted");
  for (const [name, text] of Object.entries({
    empty_list: "[]",
    object: "{}",
    null: "null",
    number: "0",
    boolean: "true",
    empty: '""',
    in_capitals: '"API"',
    before_a_blank: '"api "',
    after_a_blank: '" api"',
    with_a_comma: '"api,other"',
    as_one_of_two_words: '"other api"',
    with_a_slash: '"api/"',
    as_a_member: '{"api":true}',
    of_somebody_else: '["other"]',
    beside_a_number: '["api",7]',
    beside_null: '["api",null]',
    in_a_list_in_a_list: '[["api"]]',
    beside_a_list: '["api",["api"]]',
    in_capitals_in_a_list: '["other","API"]',
  })) {
    cases.add(["aud", name, "is refused"], good(claimsBut("aud", text)), "ERR_TOKEN_AUDIENCE", { on: "local" });
  }
  cases.add("aud missing is refused", good(claims({ aud: undefined })), "ERR_TOKEN_AUDIENCE", { on: "local" });
  const named = ['"api"', '["api"]', '["other","api"]'].map((text) => good(claimsBut("aud", text)));
  cases.add("aud that names us is taken", named, "accepted", { on: "local" });
  const wrong = ["{}", "0", "true", '["api",7]', "[null]"].map((text) => good(claimsBut("aud", text)));
  cases.add("any audience is none of another type", wrong, "ERR_TOKEN_AUDIENCE", { on: "any_audience" });
  const none = [good(claims({ aud: undefined })), ...["[]", "null", '""'].map((text) => good(claimsBut("aud", text)))];
  cases.add("any audience may be none", none, "accepted", { on: "any_audience" });
  return cases.list;
}

/** 11: JSON that reads in two ways. */
function twice() {
  const cases = new Cases("attack_11");
  for (const [name, members] of Object.entries({
    exp: '"exp":1900000000',
    exp_with_one_escape: '"\\u0065xp":1900000000',
    exp_escaped: '"\\u0065\\u0078\\u0070":1900000000',
    aud: '"aud":"api"',
    iss: `"iss":"${issuer}"`,
    sub: '"sub":"root"',
    others: '"x":1,"x":1',
    deep_members: '"deep":{"a":[{"b":1,"\\u0062":2}]}',
    empty_names: '"":1,"":2',
    prototypes: '"__proto__":{},"__proto__":{}',
    accents: '"é":1,"\\u00e9":1',
    emojis: '"😀":1,"\\ud83d\\ude00":1',
  })) {
    cases.atOnce(["claims with", name, "twice are refused"], good(claimsWith(members)), "ERR_TOKEN_MALFORMED");
  }
  for (const [name, members] of Object.entries({
    alg: '"alg":"ES256"',
    alg_as_none: '"alg":"none"',
    alg_with_an_escape: '"\\u0061lg":"HS256"',
    kid: '"kid":"p256"',
    kid_with_an_escape: '"k\\u0069d":"other"',
    deep_members: '"x":{"y":1,"y":1}',
    typ: '"typ":"JWT","typ":"at+jwt"',
  })) {
    cases.atOnce(["a header with", name, "twice is refused"], goodWith(members), "ERR_TOKEN_MALFORMED");
  }
  cases.add(
    "the same name in two objects is no duplicate",
    good(claimsWith('"act":{"sub":"x","act":{"sub":"y"}}')),
    "accepted",
  );
  return cases.list;
}

function around() {
  const cases = new Cases("attack_11");
  const text = JSON.stringify(claims());
  const payloads = {
    nothing: "",
    null: "null",
    a_string: '"claims"',
    a_list: "[]",
    a_list_of_claims: `[${text}]`,
    two_objects: `${text}${text}`,
    a_letter_behind: `${text}x`,
    a_comma_behind: `${text},`,
    a_byte_order_mark: `\ufeff${text}`,
    a_nul_behind: `${text}\0`,
    a_comment: `// c\n${text}`,
    single_quotes: text.replaceAll('"', "'"),
    a_trailing_comma: text.replace("}", ",}"),
    half_a_surrogate: claimsWith('"x":"\\ud800"'),
    a_raw_newline: claimsWith('"x":"a\nb"'),
    undefined: claimsWith('"x":undefined'),
  };
  for (const byte of [0x80, 0xc0, 0xff, 0xed]) {
    const bytes = Buffer.from(claimsWith('"x":"?"'));
    bytes[bytes.lastIndexOf("?")] = byte;
    payloads[`the_byte_${byte.toString(16)}`] = bytes;
  }
  for (const [name, payload] of Object.entries(payloads)) {
    cases.atOnce(["claims as", name, "are refused"], good(payload), "ERR_TOKEN_MALFORMED");
  }
  // A bad signature is all that is said, whatever else is wrong.
  const order = new Cases("attack_20");
  for (const [name, more] of Object.entries({
    expired: { exp: 1 },
    of_a_bad_date: { exp: "x" },
    without_exp: { exp: undefined },
    not_yet_valid: { nbf: 1_900_000_000 },
    for_others: { aud: "other" },
    of_nobody: { sub: undefined },
    bound_to_a_key: { cnf: { jkt: "x" } },
  })) {
    order.add(["a forged token", name, "is forged and no more"], jws(other.p256, claims(more)), "ERR_TOKEN_SIGNATURE", {
      on: "local",
    });
  }
  return [...cases.list, ...order.list];
}
