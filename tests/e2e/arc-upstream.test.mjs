// The Worker before the ARC SDK's real servers in Python: one whose authentication is off, one behind a slash, and one that
// checks our assertion with the ARCP SDK's own verifier. Clients: ours, and the SDK's.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeJwt } from "jose";
import { ArcClient } from "../../pkg/entry.node.js";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { python } from "../../scripts/setup/python.mjs";
import { answering } from "../../scripts/start/worker.mjs";
import { envelope, postArc } from "../lib/arc.mjs";
import { runPython } from "../lib/python.mjs";
import { freePort, startIdp } from "../lib/worker.mjs";
import { startServe } from "../lib/workerd.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const audience = "https://gate.example/arc";
const scope = "arc.agent.caller arc.task.controller arc.chat.controller";
const identity = { issuer: "https://gate.example", audience: "agents" };
const secret = "an HS256 secret of thirty-two bytes or more";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = (key) => ({ ...key.export({ format: "jwk" }), kid: "gate-1", alg: "ES256" });

let idp;
const open = [];
const gates = {};

async function startServer(mode, asserted) {
  const port = await freePort();
  const said = [];
  const child = startGroup(python, [file("arc_server.py"), String(port), mode], {
    env: asserted && { ASSERTED: JSON.stringify(asserted) },
    onLine: (line) => said.push(line),
  });
  open.push(() => endGroup(child));
  await answering(`http://127.0.0.1:${port}/health`, child, `the SDK's server (${mode})`, () => said.join("\n"));
  return `http://127.0.0.1:${port}`;
}

async function startGate(name, ARC_UPSTREAM, variables) {
  const UPSTREAM = { UPSTREAM_ISSUER: identity.issuer, UPSTREAM_AUDIENCE: identity.audience };
  gates[name] = await startServe({
    PROVIDERS: { local: { issuer: idp.issuer, audience } },
    ARC_UPSTREAM,
    ...(variables ?? { UPSTREAM_KEY: secret, ...UPSTREAM }),
    ...(variables?.UPSTREAM_KEY && UPSTREAM),
  });
  open.push(gates[name].close);
}

before(async () => {
  idp = await startIdp({ resources: [audience] });
  open.push(() => idp.close());
  const [off, router, hs256, es256] = await Promise.all([
    startServer("open"),
    startServer("router"),
    startServer("asserted", { secret, algorithms: ["HS256"], ...identity }),
    startServer("asserted", { jwks: { keys: [jwk(publicKey)] }, algorithms: ["ES256"], ...identity }),
  ]);
  await startGate("open", `${off}/arc`);
  // /arc redirects to /arc/ there: found by itself, and given as it is.
  await startGate("router", `${router}/arc`);
  await startGate("slash", `${router}/arc/`);
  await startGate("hs256", `${hs256}/arc`);
  await startGate("es256", `${es256}/arc`, { UPSTREAM_KEY: jwk(privateKey) });
  await startGate("wrong", `${es256}/arc`);
});

after(() => Promise.all(open.map((close) => close())));

const token = (client) => idp.token({ scope, resource: audience, client });
const client = async (gate, token) =>
  ArcClient.create({ endpoint: `${gates[gate].url}/arc`, requestAgent: "node-client", token });

for (const gate of ["open", "router", "slash", "hs256", "es256"]) {
  test(`${gate}: tasks, chats and streams, each user a user`, async () => {
    for (const name of ["demo", "demo-es256"]) {
      const own = await token(name);
      const caller = await client(gate, own);
      const { task } = await caller.task.create({ targetAgent: "echo", initialMessage: "hello" });
      assert.equal(task.messages[0].parts[0].content, "hello");
      if (["hs256", "es256"].includes(gate)) {
        // What the agent's side was shown: not the user's own token.
        assert.notEqual(task.metadata.token, own);
        const { sub, scope: granted, exp, iat } = decodeJwt(task.metadata.token);
        assert.equal(sub, `jwt|${idp.issuer}|${decodeJwt(own).sub}`);
        assert.deepEqual(granted.split(" ").sort(), scope.split(" ").sort());
        assert.ok(exp - iat <= 60);
      }
    }
    const caller = await client(gate, await token());
    const events = [];
    for await (const event of caller.chat.start({ targetAgent: "echo", initialMessage: "one two three", stream: true }))
      events.push(event.message?.parts[0].content ?? event.type);
    assert.deepEqual(events, ["one", "two", "three", "done"]);
    const { chat } = await caller.chat.start({ targetAgent: "echo", initialMessage: "hi" });
    assert.equal(chat.message.parts[0].content, "hi");
  });
}

test("which agents there are, and what they answer, is the upstream's business", async () => {
  const caller = await client("open", await token());
  const failing = async (call) => {
    const error = await call.then(
      () => assert.fail(),
      (thrown) => thrown,
    );
    return error.arcCode;
  };
  assert.equal(await failing(caller.task.create({ targetAgent: "nobody", initialMessage: "x" })), -41001);
  assert.equal(await failing(caller.task.info({ targetAgent: "echo", taskId: "t9" })), -42001);
  const broken = caller.task.cancel({ targetAgent: "echo", taskId: "t1" });
  assert.equal(await failing(broken), -32603);
});

test("who may call is ours, though nobody asks there", async () => {
  const { url } = gates.open;
  assert.equal((await postArc(url, {})).status, 401);
  assert.equal(
    (await postArc(url, { token: await idp.token({ scope: "arc.agent.caller", resource: audience }) })).status,
    403,
  );
  // The holes of its own authentication: an empty method, a method that nobody knows.
  const own = await token();
  for (const method of ["", null, 0, "agent.unknown"])
    assert.ok(
      [400, 404].includes((await postArc(url, { token: own, body: envelope({ method }) })).status),
      `${method}`,
    );
});

test("an upstream that refuses our assertion is no failure of the user's token", async () => {
  const { status, json, headers } = await postArc(gates.wrong.url, { token: await token() });
  assert.deepEqual([status, json.error.code, headers.has("www-authenticate")], [502, -41005, false]);
});

test("the SDK's own client, through the gate, to the SDK's own server", async () => {
  const endpoint = `${gates.hs256.url}/arc`;
  const own = await token();
  const calls = [
    { endpoint, token: own, text: "hello" },
    { endpoint, token: own, text: "one two", method: "chat.start", stream: true },
    { endpoint, token: "nobody", text: "hello" },
  ];
  const [task, chat, nobody] = JSON.parse(await runPython(file("arc_client.py"), [], { CALLS: JSON.stringify(calls) }));
  assert.equal(task.error, undefined, task.message);
  assert.equal(task.answer.result.task.messages[0].parts[0].content, "hello");
  assert.deepEqual(
    chat.answer.map(({ event, data }) => data.message?.parts[0].content ?? event),
    ["one", "two", "done"],
    chat.message,
  );
  assert.deepEqual([nobody.status, nobody.body.error.code], [401, -44001]);
});
