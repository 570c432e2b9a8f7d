// The numbers that the core's token manager and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** A step: there is no token. */
export const REFUSED = 0;

/** A step: there is a token. */
export const TOKEN = 1;

/** A step: an attempt begins, and the caller performs it. */
export const BEGIN = 2;

/** A step: somebody else performs one. */
export const WAIT = 3;

/** A step: there is a token, and an attempt begins beside. */
export const TOKEN_AND_BEGIN = 4;
