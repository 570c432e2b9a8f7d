// The numbers that the core's ARCP client and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** The application waits for a job's result. */
export const AWAITS_RESULT = 1;

/** It reads the job's events. */
export const READS_EVENTS = 2;

/** It reads them no more. */
export const READS_NO_MORE = 3;
