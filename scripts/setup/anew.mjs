// Programs that are lost while they start: a browser that dies of a signal before it says a word, a server whose port another took
// meanwhile. That is the machine's doing, and nothing that a test is about: they are started again, a few times, and it is said so.

import { Stop } from "./steps.mjs";

/** So often a program is started at most. */
export const TRIES = 3;

/** What every such word begins with: a suite counts them. */
export const ANEW = "started anew:";

/**
 * What `begin` gives. As long as it fails by what `isPassing` takes for an accident, it is called again, `tries` times in all; any
 * other failure, and the last, is the caller's. What comes after it has succeeded is never repeated here.
 */
export async function startAnew(what, begin, { isPassing = () => true, tries = TRIES, say = onStandardError } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await begin();
    } catch (error) {
      if (attempt >= tries || !isPassing(error)) throw error;
      say(`${ANEW} ${what}, lost while it started (${brief(error)}); attempt ${attempt + 1} of ${tries}`);
    }
  }
}

/** Whether a server's failure to start is an accident, by what it said: its port was taken, or it died of a signal. */
export const isServersAccident = (error) =>
  error instanceof Stop &&
  /address already in use|EADDRINUSE|Received signal #|SIG(SEGV|BUS|ABRT|ILL)/i.test(error.message);

function onStandardError(line) {
  process.stderr.write(`${line}\n`);
}

function brief(error) {
  const text = String(error?.message ?? error);
  const signal = /signal[=: #]*\w+/i.exec(text)?.[0];
  return [text.split("\n", 1)[0].slice(0, 160), signal].filter(Boolean).join("; ");
}
