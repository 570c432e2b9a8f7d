// @ts-nocheck
// The audit log: one event for every decision, and never a token.

/** Logs an event as one line of JSON. */
export function logEvent(event) {
  console.log(JSON.stringify(event));
}

/** Hands events to `sink` with the time, long values cut. A sink that fails changes no decision. */
export function auditor(sink = logEvent) {
  return (event) => {
    const whole = { type: event.type, time: Date.now() / 1000 };
    for (const [name, value] of Object.entries(event)) {
      if (value !== undefined && value !== null)
        whole[name] = typeof value === "string" ? cut(value, longestOf(name)) : value;
    }
    try {
      const result = sink(whole);
      if (typeof result?.catch === "function") result.catch(sinkFailed);
    } catch (thrown) {
      sinkFailed(thrown);
    }
  };
}

/** A reason for the log: an error's message, without anything that is or looks like a token. */
export function reasonFor(error, token) {
  let text;
  try {
    text = String(error?.message ?? error);
  } catch {
    // Whatever was thrown: agents and verifiers are other people's.
    text = "something was thrown that can't be shown";
  }
  if (token) text = text.replaceAll(token, "[token]");
  return text.replace(/eyJ[\w-]*(\.[\w-]*)*/g, "[token]");
}

/** An error for the log: what it was and why, never its token. */
export function logged(error, token) {
  const cause =
    error?.cause === undefined ? "" : ` (${error.cause?.name ?? typeof error.cause}: ${reasonFor(error.cause, token)})`;
  return `${error?.code ?? error?.name ?? "error"}: ${reasonFor(error, token)}${cause}`;
}

// What a peer sends is cut short. A reason is ours, with others' values cut in it already, and its end says what to do.
const LONGEST = 256;
const LONGEST_DETAIL = 1024;

function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function longestOf(name) {
  return name === "detail" ? LONGEST_DETAIL : LONGEST;
}

function sinkFailed(thrown) {
  console.error(`arcgate: the audit callback failed: ${thrown?.name ?? typeof thrown}`);
}
