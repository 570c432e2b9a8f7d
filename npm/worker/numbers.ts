// The numbers that the core's replica of the revocations and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** A bit of the answer about a token: it is revoked. */
export const REVOKED = 1;

/** A bit of it: the replica is to be brought up to date beside. */
export const AGING = 2;
