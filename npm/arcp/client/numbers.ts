// The numbers that the core's ARCP client and JavaScript share. Written from src/seam.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

/** The application waits for a job's result. */
export const AWAITS_RESULT = 1;

/** It reads the job's events. */
export const READS_EVENTS = 2;

/** It reads them no more. */
export const READS_NO_MORE = 3;

/** The core learns of events that were read in portions of so many. */
export const READ_PORTION = 16;

/** A frame of more characters is not looked at. */
export const LONGEST_FRAME = 16777216;

/** Of such a frame so much of the beginning is, for its number. */
export const FRAME_HEAD = 4096;

/** How a connection ends that says nothing of its end, or was never made (RFC 6455 §7.1.5). */
export const ABNORMAL_CLOSURE = 1006;
