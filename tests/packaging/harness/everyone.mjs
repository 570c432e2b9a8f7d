// Set-ups of which several parts have something to say: a page, a route, an edge function.

import assert from "node:assert/strict";
import { works } from "./fixture.mjs";

/** Asks each in turn, and says of all of them at once who has not what `check()` gives where all is well. */
export async function everyAnswer(asked) {
  const wrong = [];
  for (const [name, ask] of Object.entries(asked)) {
    const said = String(await ask().catch((error) => error.message));
    if (!said.includes(works)) wrong.push(`${name}: ${said.slice(0, 2000)}`);
  }
  assert.equal(wrong.length, 0, wrong.join("\n"));
  return works;
}
