// TokenManager and ArcClient together, as README.md shows them: the provider's tokens, the Worker's answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ArcClient, TokenManager } from "../../pkg/entry.node.js";
import { startBoth } from "../lib/worker.mjs";

let both;
before(async () => {
  both = await startBoth();
});
after(() => both?.close());

const manager = (clientId = "demo", onEvent) =>
  TokenManager.create(
    {
      type: "client_credentials",
      issuer: both.idp.issuer,
      clientId,
      clientSecret: "demo-secret",
      scope: "arc.agent.caller arc.task.controller arc.chat.controller",
      resource: `${both.origin}/arc`,
    },
    { onEvent },
  );

test("a task and a stream with one token", async () => {
  const events = [];
  const token = await manager("demo", (event) => events.push(event.type));
  const agents = await ArcClient.create({ endpoint: `${both.origin}/arc`, requestAgent: "reporter", token });
  const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: "hello" });
  assert.equal(task.messages[0].parts[0].content, "hello");
  const types = [];
  for await (const event of agents.chat.start({ targetAgent: "echo", initialMessage: "hello", stream: true })) {
    types.push(event.type);
  }
  assert.deepEqual(types, ["message", "done"]);
  assert.equal(events.filter((type) => type === "refreshed").length, 1, String(events));
  assert.equal(token.state, "valid");
  token.close();
});

test("a token that the gate calls expired is renewed, once", async () => {
  const token = await manager();
  const stale = await both.idp.sign({ sub: "demo", scope: "arc.agent.caller arc.task.controller", exp: 1_000_000_000 });
  token.setToken({ access_token: stale, token_type: "Bearer", expires_in: 600 });
  const agents = await ArcClient.create({ endpoint: `${both.origin}/arc`, requestAgent: "reporter", token });
  const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: "again" });
  assert.equal(task.status, "COMPLETED");
  assert.notEqual(await token.getToken(), stale);
  token.close();
});
