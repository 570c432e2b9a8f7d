// The close codes of ARCP, and the reasons that go with them. Written from src/arcp/close.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

export const NORMAL = { code: 1000, reason: "closed" };
export const RESTART = { code: 1012, reason: "try again" };
export const PROTOCOL = { code: 4400, reason: "protocol error" };
export const UNAUTHENTICATED = { code: 4401, reason: "unauthenticated" };
export const FORBIDDEN = { code: 4403, reason: "not allowed" };
export const HELLO_TIMEOUT = { code: 4408, reason: "no hello in time" };
export const DISPLACED = { code: 4409, reason: "resumed elsewhere" };
export const TOKEN_ENDED = { code: 4410, reason: "token expired or revoked" };
export const TOO_LARGE = { code: 4413, reason: "frame too large" };
export const UNDELIVERABLE = { code: 4422, reason: "can't be passed on" };
export const TOO_MANY = { code: 4429, reason: "too many or too slow" };
export const NOT_STORED = { code: 4507, reason: "can't be stored" };
