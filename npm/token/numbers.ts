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

/** A bit of what came of another tab's message: it asks for the tokens there are. */
export const TAB_ASKS = 1;

/** Its tokens were taken over. */
export const TAB_HAS_TOKENS = 2;

/** Somebody signed out there, and the tokens here were forgotten. */
export const TAB_SIGNED_OUT = 4;

/** Its refresh token, which was ours as well, counts no more. */
export const TAB_LOST = 8;
