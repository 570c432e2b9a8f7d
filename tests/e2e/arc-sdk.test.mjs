// The protocol's own Python client against the Worker, with tokens of a real OpenID provider.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { postArc, sse, streamed } from "../lib/arc.mjs";
import { runPython } from "../lib/python.mjs";
import { startBoth } from "../lib/worker.mjs";

const scope = "arc.agent.caller arc.task.controller arc.chat.controller";
const script = fileURLToPath(new URL("arc_client.py", import.meta.url));

let both;
let endpoint;

before(async () => {
  both = await startBoth();
  endpoint = `${both.origin}/arc`;
});

after(() => both?.close());

/** A token of the provider, as a machine gets it. */
const token = (options) => both.idp.token({ scope, resource: endpoint, ...options });

/** A token that the provider would not issue, signed with its key all the same. */
const signed = async (claims) => {
  const now = Math.floor(Date.now() / 1000);
  return both.idp.sign({
    iss: both.idp.issuer,
    aud: endpoint,
    sub: "demo",
    client_id: "demo",
    iat: now,
    exp: now + 300,
    scope,
    ...claims,
  });
};

const now = () => Math.floor(Date.now() / 1000);

const python = async (...calls) =>
  JSON.parse(
    await runPython(script, [], { CALLS: JSON.stringify(calls.map((call) => ({ endpoint, text: "hello", ...call }))) }),
  );

test("it calls an agent, with an RS256, an ES256 and an EdDSA token", async () => {
  const clients = ["demo", "demo-es256", "demo-eddsa"];
  const tokens = await Promise.all(clients.map((client) => token({ client })));
  const algorithms = tokens.map((jwt) => JSON.parse(Buffer.from(jwt.split(".")[0], "base64url")).alg);
  assert.deepEqual(algorithms, ["RS256", "ES256", "EdDSA"]);
  for (const outcome of await python(...tokens.map((jwt) => ({ token: jwt })))) {
    assert.equal(outcome.error, undefined, outcome.message);
    const { result, traceId, responseAgent, targetAgent } = outcome.answer;
    assert.deepEqual([traceId, responseAgent, targetAgent], ["trace-py", "echo", "python"]);
    assert.equal(result.task.status, "COMPLETED");
    assert.deepEqual(result.task.messages[0].parts, [{ type: "TextPart", content: "hello" }]);
  }
});

test("it chats, with and without a stream", async () => {
  const jwt = await token();
  const [whole, stream] = await python(
    { token: jwt, method: "chat.start" },
    { token: jwt, method: "chat.start", agent: "count", text: '{"to":3}', stream: true },
  );
  assert.equal(whole.answer.result.chat.message.parts[0].content, "hello");
  assert.equal(stream.error, undefined, stream.message);
  assert.equal(stream.type, "text/event-stream");
  assert.deepEqual(
    stream.answer.map(({ event }) => event),
    ["stream", "stream", "stream", "stream", "done"],
  );
  assert.equal(stream.answer[3].data.message.parts[0].content, "3");
});

test("what it is refused, and how it takes that", async () => {
  const good = await token();
  const [head, payload, signature] = good.split(".");
  const [expired, none, forged, scopes, audience, unknown, stream] = await python(
    { token: await signed({ iat: now() - 400, exp: now() - 100 }) },
    {},
    { token: [head, payload, signature.slice(0, -8) + "AAAAAAAA"].join(".") },
    { token: await token({ scope: "arc.task.controller" }) },
    { token: await signed({ aud: "https://elsewhere.example" }) },
    { token: good, method: "task.info" },
    { token: await signed({ iat: now() - 400, exp: now() - 100 }), method: "chat.start", stream: true },
  );
  const seen = ({ status, body, error }) => [status, body.error.code, error];
  // Its client keeps the status and loses the code: -44004 is on the wire for clients that look.
  assert.deepEqual(seen(expired), [401, -44004, "AuthenticationError"]);
  assert.match(expired.challenge, /error="invalid_token", error_description="the access token expired"/);
  assert.deepEqual(seen(none), [401, -44001, "AuthenticationError"]);
  assert.deepEqual(seen(forged), [401, -44001, "AuthenticationError"]);
  assert.deepEqual(seen(audience), [401, -44001, "AuthenticationError"]);
  assert.deepEqual(audience.body, forged.body, "one answer for all of them");
  assert.deepEqual(seen(scopes), [403, -44003, "AuthorizationError"]);
  assert.deepEqual(scopes.body.error.details, {
    required_scopes: ["arc.task.controller", "arc.agent.caller"],
    provided_scopes: ["arc.task.controller"],
  });
  assert.equal(scopes.body.traceId, "trace-py");
  assert.deepEqual(seen(unknown), [404, -42001, "MethodNotFoundError"]);
  assert.deepEqual([stream.status, stream.error], [401, "ConnectionError"]);
});

test("a stream ends with its token, the tolerance included", async () => {
  const jwt = await signed({ iat: now() - 60, exp: now() - 22 });
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { authorization: `Bearer ${jwt}`, "content-type": "application/json" },
    body: JSON.stringify(streamed("count", '{"to":1000,"delayMs":100}')),
  });
  const events = [];
  for await (const event of sse(response)) events.push(event);
  assert.deepEqual(events.at(-2).data.error, { code: -44004, message: "Token expired" });
  assert.ok(events.length < 500, "long before the agent's own end");
});

test("keys are rotated: the next token is accepted, and never called bad meanwhile", async () => {
  const before = await token();
  assert.equal((await postArc(both.origin, { token: before })).status, 200);
  await both.idp.rotateKeys();
  const fresh = await token();
  const until = Date.now() + 60_000;
  let answer;
  do {
    answer = await postArc(both.origin, { token: fresh });
    // While fetches are rationed the answer is "ask later", never "your token is bad".
    assert.ok([200, 503].includes(answer.status), `${answer.status}`);
    if (answer.status === 503) assert.match(answer.headers.get("retry-after"), /^\d+$/);
    if (answer.status !== 200) await new Promise((resolve) => setTimeout(resolve, 500));
  } while (answer.status !== 200 && Date.now() < until);
  assert.equal(answer.status, 200);
});

test("the log of all this has a line for each decision, and no token", () => {
  const lines = both.worker.log.filter((line) => line.startsWith('{"type":"arc.'));
  assert.ok(lines.some((line) => JSON.parse(line).principal === `jwt|${both.idp.issuer}|demo`));
  assert.ok(lines.length > 12);
  for (const line of both.worker.log) assert.doesNotMatch(line, /eyJ|Bearer/);
});
