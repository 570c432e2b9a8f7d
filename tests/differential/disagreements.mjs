// Where arcgate refuses what jose accepts: each class with its reason. In the other direction there is one class, which has its
// reason too; the test fails on the first token of another.
//
// A class is an error code and what its message says. One that never occurs fails the test as well: then it is no disagreement.

export const disagreements = [
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /canonical base64url|white space/,
    reason:
      "A token has one spelling: no padding, no other alphabet, no whitespace, no spare bits. Caches and replay lists are keyed by its text. jose decodes leniently.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /same member twice/,
    reason:
      "RFC 7515 §4 and RFC 7519 §4 let a verifier refuse duplicates, or take the last one; a proxy that takes the first one would see another token. jose takes the last.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /is not valid JSON/,
    reason:
      "Bytes that are no UTF-8, a byte order mark, half of a surrogate pair, a number that no double holds: parsers read these differently. jose replaces, strips or rounds them.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /nested too deeply/,
    reason: "At most 32 levels, so that nothing that reads the claims later runs out of stack.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /longer than 16 kB/,
    reason: "At most 16 kB: no header field carries more.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /`crit`|`b64`/,
    reason:
      "RFC 7519 has no use for either in a JWT. jose knows b64, and accepts it when it is true, or when crit doesn't name it.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /`kid` is (null|a boolean|a number|an array|an object), not a string/,
    reason: "RFC 7515 §4.1.4: a kid is a string. jose ignores one that isn't.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /`kid` is longer/,
    reason: "At most 256 bytes: it is shown in logs.",
  },
  {
    code: "ERR_TOKEN_MALFORMED",
    says: /`typ` is (null|a boolean|a number|an array|an object), not a string/,
    reason: "RFC 7515 §4.1.9: a typ is a string. jose looks at it only when asked to.",
  },
  {
    code: "ERR_TOKEN_TYPE",
    says: /`typ` is "/,
    reason:
      "RFC 8725 §3.11: another kind of token is no access token. jose looks at typ only when asked to, and then takes one value; here several are taken by default.",
  },
  {
    code: "ERR_TOKEN_CLAIM",
    says: /bound to a key/,
    reason: "RFC 7800, RFC 9449 §7: a token with cnf needs the proof of its key, and a bearer has none.",
  },
  {
    code: "ERR_TOKEN_CLAIM",
    says: /`(sub|jti|scope|scp)` is .*, not a string/,
    reason:
      "RFC 7519 §4.1: wrong types are refused, also where the claim is optional. jose leaves them to the application.",
  },
  {
    code: "ERR_TOKEN_CLAIM",
    says: /`sub` is (over 1 kB|blank)|lacks the claim `sub`/,
    reason: "sub becomes the principal's name.",
  },
  {
    code: "ERR_TOKEN_CLAIM",
    says: /out of range/,
    reason: "A date before 1970 or after 9999 is a mistake, milliseconds most often: a token that never ends.",
  },
  {
    code: "ERR_TOKEN_NOT_YET_VALID",
    says: /`nbf` or `iat` lies in the future/,
    reason:
      "An iat in the future is a clock gone wrong, or a token made in advance. jose checks it only with maxTokenAge.",
  },
  {
    code: "ERR_TOKEN_AUDIENCE",
    says: /not a string or a list of strings/,
    reason:
      "RFC 7519 §4.1.3: a list of audiences holds strings. jose takes a list with others in it if ours is there too.",
  },
];

/** Where jose refuses what arcgate accepts: jose's code, and what its message says. */
export const laxities = [
  {
    code: "ERR_JWT_CLAIM_VALIDATION_FAILED",
    says: /"nbf" claim must be a number/,
    claim: ({ nbf }) => nbf === null || nbf === "" || (Array.isArray(nbf) && nbf.length === 0),
    reason:
      "Issuers write what they leave out as null or as something empty. A claim that may be absent and says nothing is absent.",
  },
];
