// A Worker that pipes a client's socket straight to its hub, as the principal that the URL names: what the gate does, without
// its checks.

import "../../../pkg/entry.workerd.js";
import { hubBehind } from "../../../pkg/arcp-behind.js";
import { call } from "../../../pkg/call.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.js";

const agents = {
  ...builtinAgents,
  "multi@1": async () => "one",
  "multi@2": async () => "two",
  context: async (_input, context) => ({ ...context, signal: context.signal.aborted, keys: Object.keys(context) }),
  async fails() {
    throw new Error("secret detail of the agent");
  },
  async cyclic() {
    const value = {};
    value.self = value;
    return value;
  },
  async *chunks() {
    for (const data of ["Hello, ", "World", "!"]) yield { kind: "result_chunk", body: { data } };
  },
  async *floods({ to }) {
    for (let current = 1; current <= to; current += 1) yield { kind: "progress", body: { current, total: to } };
    return to;
  },
  async *odd() {
    yield { kind: "progress", body: { current: -1 } };
    yield undefined;
    yield { kind: "x-vendor.acme.thing", body: { a: 1n } };
    yield { kind: "x-vendor.acme.thing", body: { a: 1 } };
    return "end";
  },
  deaf: () => new Promise(() => {}),
};

const policy = {
  canObserve: (job, principal) => job.principal.id === "alice" && principal.id === "auditor",
  canCancel(job, principal, sameSession) {
    if (principal.id === "broken") throw new Error("a policy that fails");
    return sameSession || (job.agent === "deaf" && principal.id === "auditor");
  },
};
const verifier = { authenticate: async () => null };
const app = createWorker({ verifier, agents, limits: { cancelGraceSec: 5 } });
const open = createWorker({ verifier, agents, policy });

export const RuntimeHub = app.RuntimeHub;
export const OpenHub = open.RuntimeHub;

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/healthz") return new Response("ok");
    if (url.pathname === "/trap") {
      try {
        call("trapForTests");
      } catch (error) {
        return new Response(error.code);
      }
    }
    const id = url.searchParams.get("who");
    const principal = { key: `static||${id}`, kind: "static", id, labels: {} };
    const binding = url.pathname === "/open" ? env.OPEN_HUB : env.RUNTIME_HUB;
    const hubFor = url.pathname === "/own" ? undefined : () => "one for all";
    if (url.pathname === "/version") {
      const stub = binding.get(binding.idFromName("x"));
      return stub.fetch("https://hub/", { headers: { Upgrade: "websocket", "x-arcgate-pipe": "0" } });
    }
    const { socket, auth } = await hubBehind({ binding, hubFor })(principal, "", {});
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    let hasHello = false;
    server.addEventListener("message", ({ data }) => {
      if (hasHello) return socket.send(data);
      hasHello = true;
      const hello = JSON.parse(data);
      hello.payload.auth = auth;
      socket.send(JSON.stringify(hello));
    });
    socket.addEventListener("message", ({ data }) => server.send(data));
    const both = (one, other) =>
      one.addEventListener("close", ({ code, reason }) => {
        const sendable = code === 1000 || code >= 3000 || code === 1012 ? code : 1011;
        for (const socket of [one, other]) {
          try {
            socket.close(sendable, reason);
          } catch {}
        }
      });
    both(server, socket);
    both(socket, server);
    return new Response(null, { status: 101, webSocket: client });
  },
};
