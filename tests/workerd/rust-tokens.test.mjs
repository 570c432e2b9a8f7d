// The crate's TokenManager inside workerd: the timelines of the package's, and many callers at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startRustWith } from "./jwks/start.mjs";
import { begun, leave, make, times, token, use } from "./token/endpoint.mjs";
import { timelines } from "./token/timelines.mjs";

const MANY = 500;

use((url) => startRustWith("tokens.js", { TOKEN_ENDPOINT: url }));
timelines();

test(`${MANY} callers at once, cold: one request for a token, also where its owner is cancelled`, async () => {
  const { state } = await make("many", { options: { timeoutMs: 10_000 } });
  state.stall = 1;
  let others;
  await leave("many", async () => {
    if (state.stalled.length === 1) others ??= times(MANY, () => token("many"));
    return (await begun("many")).begun > MANY;
  });
  await state.stalled[0].closed;
  assert.deepEqual([...new Set(await others)], ["many-2"]);
  assert.equal(state.count, 2, "one of those who waited took over");
});
