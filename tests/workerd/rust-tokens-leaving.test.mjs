// The crate's TokenManager inside workerd, where those leave who wait for another request's token (see rust-leaving.test.mjs).

import assert from "node:assert/strict";
import { test } from "node:test";
import { startRustWith } from "./jwks/start.mjs";
import { begun, leave, make, times, token, until, use } from "./token/endpoint.mjs";

use((url) => startRustWith("tokens.js", { TOKEN_ENDPOINT: url }), { waitersLeave: true });

test("requests that wait for another's token are cancelled: neither it nor the others mind", async () => {
  const { state } = await make("leaving");
  state.stall = 1;
  const owner = token("leaving");
  await until(() => state.stalled.length === 1);
  const staying = times(5, () => token("leaving"));
  for (let gone = 0; gone < 5; gone += 1) {
    await leave("leaving", async () => (await begun("leaving")).begun >= 7 + gone);
  }
  state.stalled[0].answer();
  assert.deepEqual([await owner, ...(await staying)], Array(6).fill("leaving-1"));
  assert.equal(state.count, 1);
});
