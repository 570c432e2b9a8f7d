// Frames as they may be shown: what opens doors is cut before it reaches the page.

import { mask, masked } from "../jwt.js";

// By name, wherever it stands: the credential of a hello, resume tokens, the credentials of a job.
const secrets = new Set(["token", "resume_token", "value"]);

/** The frame as text to look at, and what it is in short. A text that is no JSON is shown only by its length. */
export function shown(text) {
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return { type: "not JSON", text: `${text.length} characters` };
  }
  const { type = "no type", event_seq: seq, payload } = Object(frame);
  return { type, seq, kind: payload?.kind, text: JSON.stringify(frame, cut, 2) };
}

function cut(name, value) {
  if (typeof value !== "string") return value;
  return secrets.has(name) ? short(value) : masked(value);
}

// Enough to tell two apart, too little to use one.
function short(secret) {
  return secret.length >= 40 ? mask(secret) : `… (${secret.length} characters)`;
}
