// How frames get into the core: through the endpoint's room, or by themselves where that is too small.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "../../pkg/arcp/gate/admission.js";
import { Endpoint } from "../../pkg/arcp/gate/endpoint.js";
import { Room } from "../../pkg/arcp/room.js";
import { gate, memory, ready, recoverFrom } from "../../pkg/platform/modules/gate.js";
import { createWorker } from "../../pkg/worker.node.js";
import { frame, hello } from "../lib/arcp.mjs";

assert.ok(createWorker, "the entry knows where the module is");
await ready();

const limits = {
  maxConnections: 8,
  maxConnectionsPerAddress: 8,
  maxConnectionsPerPrincipal: 8,
  maxSilentConnections: 8,
  failedHandshakesPerMinute: 8,
  maxFramesPerSec: 1000,
  maxBytesPerSec: 100_000_000,
};
const welcome = frame(
  "session.welcome",
  { runtime: { name: "r", version: "1" }, capabilities: { encodings: ["json"], features: [], agents: [] } },
  { session_id: "sess_1" },
);

/** An open session: `client(text)` and `upstream(text)` say whether a frame goes on; `end()` gives what the log says of it. */
function open() {
  const endpoint = new Endpoint("{}");
  const core = endpoint.gate(
    new Admission(limits).begin(undefined, () => {}),
    false,
    true,
  );
  const [client, upstream] = ["client", "upstream"].map(
    (side) => (text) => endpoint.handle(core, side, text, Date.now()),
  );
  const actions = () => JSON.parse(core.drainActions() ?? "[]");
  client(JSON.stringify(hello("a.b.c")));
  assert.deepEqual(
    actions().map(({ do: what }) => what),
    ["authenticate"],
  );
  core.handlePrincipal(JSON.stringify({ kind: "static", id: "alice", labels: {} }), 0, false, Date.now());
  core.handleOpened("bearer", "theirs", Date.now());
  upstream(JSON.stringify(welcome));
  assert.equal(actions().at(-1).do, "send", "the client's welcome");
  const end = () => {
    core.handleClientClosed(Date.now());
    return actions().find(({ do: what }) => what === "audit").event;
  };
  return { core, client, upstream, end };
}

const submit = (text) => JSON.stringify(frame("job.submit", { agent: "echo", input: text }, { session_id: "sess_1" }));
const event = (text) =>
  JSON.stringify(frame("job.event", { kind: "log", body: text }, { session_id: "sess_1", event_seq: 1 }));
const bytes = (texts) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

test("a frame goes on whole, whatever its length and its alphabet", () => {
  const session = open();
  const texts = [
    "",
    "x".repeat(15_000),
    "x".repeat(20_000),
    "é".repeat(7000),
    "é".repeat(10_000),
    "\u{1f600}".repeat(5000),
  ];
  for (const text of texts) {
    assert.equal(session.client(submit(text)), true, `${text.length}`);
    assert.equal(session.upstream(event(text)), true, `${text.length}`);
  }
  const { clientFrames, clientBytes, upstreamFrames, upstreamBytes } = session.end();
  assert.deepEqual([clientFrames, upstreamFrames], [texts.length, texts.length]);
  assert.deepEqual([clientBytes, upstreamBytes], [bytes(texts.map(submit)), bytes(texts.map(event))]);
});

test("when the module's memory grows, its room is found again", () => {
  const session = open();
  const [room, core] = [new Room(), new gate.bindings.ArcpEndpointCore("{}")];
  assert.equal(room.write(core, "before"), 6);
  const before = memory().length;
  const held = [];
  while (memory().length === before) held.push(open());
  assert.equal(room.write(core, "after"), 5);
  assert.equal(session.client(submit("after")), true);
  assert.equal(session.end().clientFrames, 1);
});

test("after a trap there is another room, and another endpoint's is its own", () => {
  const endpoint = new Endpoint("{}");
  const room = new Room();
  const cores = [1, 2].map(() => new gate.bindings.ArcpEndpointCore("{}"));
  assert.deepEqual(
    cores.map((core) => room.write(core, "text")),
    [4, 4],
  );
  assert.equal(room.write(cores[0], "x".repeat(cores[0].roomLength())), cores[0].roomLength());
  assert.equal(room.write(cores[0], "x".repeat(cores[0].roomLength() + 1)), undefined);
  assert.equal(endpoint.maxBuffered() > 0, true);
  assert.throws(
    () => gate.bindings.trapForTests(),
    (thrown) => recoverFrom(thrown),
  );
  assert.equal(open().client(submit("after")), true);
  assert.equal(endpoint.maxBuffered() > 0, true);
});

test("an upstream's farewell sets the timer for its close, and goes on as it came", () => {
  const { core, upstream } = open();
  const farewell = JSON.stringify(frame("session.closed", {}, { session_id: "sess_1" }));
  assert.equal(upstream(event("before it")), true);
  assert.ok(core.pollTimeout() > Date.now() + 5000, "nothing is due soon");
  assert.equal(upstream(farewell), false, "it is performed, and the timer set");
  assert.deepEqual(JSON.parse(core.drainActions()), [{ do: "send", text: farewell }]);
  assert.ok(core.pollTimeout() <= Date.now() + 5000);
});

test("a head that was let through a moment ago lets no other one through", () => {
  const config = JSON.stringify({ allowedOrigins: ["https://app.example"], allowedHosts: ["gate.example"] });
  const endpoint = new Endpoint(config);
  // A Request of Node's takes neither `Upgrade` nor `Host`.
  const request = ({ url = "https://gate.example/arcp", method = "GET", ...fields } = {}) => ({
    url,
    method,
    headers: new Map(Object.entries({ upgrade: "websocket", origin: "https://app.example", ...fields })),
  });
  const reasonOf = (given) => JSON.parse(endpoint.refusal(request(given)) ?? "{}").reason;
  const others = {
    "another origin": { origin: "https://evil.example" },
    "no upgrade": { upgrade: undefined },
    "another method": { method: "POST" },
    "another path": { url: "https://gate.example/arcp/x" },
    "a token in the URL": { url: "https://gate.example/arcp?access_token=a.b.c" },
    "another host, in plain": { url: "http://gate.example/arcp" },
    "a host that is none": { host: "gate.example/x?" },
  };
  for (const [what, other] of Object.entries(others)) {
    assert.equal(reasonOf({}), undefined);
    const alone = new Endpoint(config);
    const refused = JSON.parse(alone.refusal(request(other)) ?? "{}").reason;
    assert.equal(reasonOf(other), refused, what);
    assert.equal(reasonOf(other), refused, `${what}, again`);
    if (what !== "another host, in plain") assert.ok(refused, what);
  }
});
