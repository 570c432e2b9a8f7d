// The TypeScript SDK's own ARCPServer on a free port, with the agents and the lines of tests/arcp/peers/runtime.py.
//
// The SDK is in no registry, so it comes from a checkout of its repository, built there: TYPESCRIPT_SDK is its folder.
// Configuration: one JSON object in the variable PEER.
//   tokens     token -> principal
//   heartbeat  seconds between its pings (30)
//   resume     seconds that a dropped session can be resumed (600)
//   port       0, any free one
//   quiet      true: tells nothing but its port
// It prints one JSON object a line: {"listening": port}, then {"connection": n}, {"connection": n, "in": frame} and
// {"connection": n, "closed": true}.

import { createServer } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

const config = JSON.parse(process.env.PEER ?? "{}");
const of = (path) => import(pathToFileURL(join(process.env.TYPESCRIPT_SDK, "packages", path)));
const { ARCPServer } = await of("runtime/dist/index.js");
const { StaticBearerVerifier } = await of("core/dist/auth/index.js");
const { EventLog } = await of("core/dist/store/index.js");
const { silentLogger } = await of("core/dist/logger.js");
const { attachArcpUpgrade } = await of("middleware/node/dist/index.js");

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const gates = new Map();
function gate(name) {
  if (!gates.has(name)) {
    const made = {};
    made.open = new Promise((resolve) => {
      made.opened = resolve;
    });
    gates.set(name, made);
  }
  return gates.get(name);
}

const agents = {
  echo: async (input) => input,
  async count({ to, delayMs = 0 }, context) {
    for (let n = 1; n <= to; n += 1) {
      await pause(delayMs);
      context.signal.throwIfAborted();
      await context.progress(n, { total: to });
    }
    return to;
  },
  async stream(input, context) {
    const out = context.streamResult();
    const pieces = input.text ?? [];
    for (const text of pieces) await out.write(text);
    for (let at = 0; at < (input.bytes ?? 0); at += input.size) {
      const piece = Buffer.from({ length: Math.min(input.size, input.bytes - at) }, (_, n) => (at + n) % 256);
      await out.write(piece.toString("base64"), { encoding: "base64" });
    }
    await out.finalize(undefined, { summary: input.summary });
  },
  async fail() {
    throw new Error("it broke");
  },
  /** Runs until it is cancelled; with `ticks` it makes progress every so many milliseconds. */
  async slow(input, context) {
    await context.status("waiting");
    const ended = new Promise((_, reject) => {
      const end = () => reject(context.signal.reason);
      if (context.signal.aborted) end();
      else context.signal.addEventListener("abort", end);
    });
    ended.catch(() => {});
    for (let n = 1; ; n += 1) {
      await Promise.race([ended, pause(input?.ticks ?? 3_600_000)]);
      await context.progress(n);
    }
  },
  /** Makes `before` steps, waits until another job opens the gate `name` with `open`, makes `after` more. */
  async gated({ name, open, before, after }, context) {
    if (open) {
      gate(name).opened();
      return "opened";
    }
    for (let n = 1; n <= before; n += 1) await context.progress(n);
    await gate(name).open;
    for (let n = 1; n <= after; n += 1) await context.progress(before + n);
    return before + after;
  },
};

const server = new ARCPServer({
  runtime: { name: "typescript-peer", version: "2.0.0" },
  capabilities: { encodings: ["json"] },
  bearer: new StaticBearerVerifier(
    new Map(Object.entries(config.tokens ?? {}).map(([token, principal]) => [token, { principal }])),
  ),
  // Its own store over the platform's SQLite, so that its native module need not be built.
  eventLog: new EventLog({ db: new DatabaseSync(":memory:") }),
  logger: silentLogger,
  ...(config.heartbeat === undefined ? {} : { heartbeatIntervalSeconds: config.heartbeat }),
  ...(config.resume === undefined ? {} : { resumeWindowSeconds: config.resume }),
});
for (const [name, agent] of Object.entries(agents)) server.registerAgent(name, agent);
for (const version of ["1.0.0", "2.0.0"]) server.registerAgentVersion("versioned", version, agents.echo);
server.setDefaultAgentVersion("versioned", "2.0.0");

let connections = 0;
const http = createServer((_request, response) => response.writeHead(404).end());
attachArcpUpgrade(http, {
  path: "/arcp",
  onTransport(transport) {
    connections += 1;
    const connection = connections;
    if (!config.quiet) {
      say({ connection });
      const { onFrame } = transport;
      transport.onFrame = (handler) =>
        onFrame.call(transport, (frame) => {
          say({ connection, in: frame });
          return handler(frame);
        });
      transport.socket.on("close", (code) => say({ connection, closed: code }));
    }
    server.accept(transport);
  },
});
http.listen(config.port ?? 0, "127.0.0.1", () => say({ listening: http.address().port }));
