// The numbers that the core's verifier and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** A step: the token is refused. */
export const REFUSED = 0;

/** A step: the token is good. */
export const VERIFIED = 1;

/** A step: WebCrypto checks the signature. */
export const CHECK = 2;

/** A step: the provider's keys are fetched. */
export const FETCH = 3;

/** A step: somebody else fetches them. */
export const WAIT = 4;

/** A step: WebCrypto takes a key in. */
export const IMPORT = 5;

/** A step: a request presents no bearer token, or not as it should. Its credentials are read with more care. */
export const NO_BEARER = 6;

/** How many registers there are. */
export const REGISTERS = 14;

/** Of a fetch, a wait and a good token: the provider's index. */
export const PROVIDER = 0;

/** Of a fetch and a wait: the fetch. */
export const FETCH_ID = 1;

/** Of a wait: how long, in milliseconds. */
export const WAIT_MS = 2;

/** Of a check: its id. */
export const CHECK_ID = 0;

/** Of a check: the key's handle. */
export const CHECK_KEY = 1;

/** Of a check: how long the signature is. */
export const SIGNATURE_LEN = 2;

/** Of a check: how much of the token is signed. */
export const SIGNED_LEN = 3;

/** Of a check: the provider whose keys are fetched beside; behind it the fetch. */
export const CHECK_REFRESH = 4;

/** Of a check: what to begin again with if the signature is not this key's; 0 for nothing. */
export const CHECK_NEXT = 6;

/** Of a check: where the signed part of the token begins. */
export const SIGNED_AT = 7;

/** Of an import: the key's handle. */
export const IMPORT_KEY = 0;

/** Of an import: as of a check. */
export const IMPORT_REFRESH = 1;

/** Of a good token: where the text is that says what it says. */
export const TEXT_AT = 1;

/** Of a good token: how long that text is. */
export const TEXT_LEN = 2;

/** Of a good token: when it ends, in milliseconds, the upper half. */
export const EXPIRES_HIGH = 3;

/** Of a good token: and the lower half. */
export const EXPIRES_LOW = 4;

/** Of a good token: how long the first part of the text is, the claims. The others follow. */
export const CLAIMS_LEN = 5;

/** The header. */
export const HEADER_LEN = 6;

/** The principal's id. */
export const ID_LEN = 7;

/** The scopes, with line feeds between them. */
export const SCOPES_LEN = 8;

/** The scopes as JSON, where one of them has a line feed in it. */
export const SCOPE_LIST_LEN = 9;

/** The labels as JSON, where there are any. */
export const LABELS_LEN = 10;

/** The principal's key, where it is not the provider's prefix and the id. */
export const KEY_LEN = 11;

/** The issuer, where it is not the provider's own. */
export const ISSUER_LEN = 12;

/** The number of this token among those that are remembered, which no other ever has; 0 for none. */
export const SERIAL = 13;

/** In place of a provider: no fetch begins beside. */
export const NO_REFRESH = 4294967295;

/** In place of a secret's length: there is none. */
export const NO_SECRET = 4294967295;

/** A key's handle has the algorithm's number in so many of its lower bits. */
export const ALGORITHM_BITS = 4;

/** The algorithm's number of HS256, which a gate's secret signs with. */
export const HS256 = 0;

/** The longest token, in bytes. */
export const MAX_TOKEN = 16384;

/** There is room for so much of a request's field and query, in bytes. */
export const MAX_INPUT = 17408;

/** The longest document of a provider's, keys or metadata, in bytes. */
export const MAX_DOCUMENT = 262144;
