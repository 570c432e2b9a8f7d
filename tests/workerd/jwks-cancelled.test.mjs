// Requests that are cancelled while they fetch keys, or wait for another's fetch, with the package's driver.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../attacks/kit.mjs";
import { cancelled, leave } from "./jwks/cancelled.mjs";
import { open, provider, use } from "./jwks/provider.mjs";
import { startPackage } from "./jwks/start.mjs";

use(startPackage);
cancelled();

test("the cancelling of the request that asks the second tier leaves no other hanging, then or later", async () => {
  const asked = [];
  const tier = await serve((_request, response, count) => {
    // The first one is never answered.
    asked.push(new Promise((resolve) => response.on("close", resolve)));
    if (count > 1) response.end("null");
  });
  open.push(tier);
  const idp = await provider("second tier", { store: tier.url });
  const token = idp.token();
  await leave("second tier", token, () => asked.length === 1);
  await asked[0];
  for (let round = 0; round < 3; round += 1) assert.equal((await idp.verify(token)).status, 200);
  assert.equal(idp.fetches(), 1);
  assert.ok(asked.length <= 2, `the second tier was asked ${asked.length} times`);
});
