// The numbers that the core's hub and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** So long a gate has for its hello, in milliseconds. */
export const HELLO_MS = 10000;
