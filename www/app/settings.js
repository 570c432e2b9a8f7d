// What `npm start` set up for this playground: the provider, and who one may be there.

import { fillCode } from "./code.js";
import { notice, Problem } from "./problem.js";

/** Asks the Worker that serves this page. */
export async function loadSettings() {
  let response;
  try {
    response = await fetch("/playground.json");
  } catch {
    throw new Problem("The Worker doesn’t answer", "Start it with npm start, then reload this page.");
  }
  const found = response.ok && (await response.json().catch(() => undefined));
  if (!found) {
    throw new Problem(
      "This Worker names no provider to try",
      "The playground works where npm start started the Worker: it starts a provider beside it and tells this page where.",
    );
  }
  fillCode(found);
  if (!found.trusted) {
    notice(
      new Problem(
        "PROVIDERS is set for the Worker",
        "It may refuse the tokens of the local provider, which this page gets.",
      ),
    );
  }
  return found;
}
