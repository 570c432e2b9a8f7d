// A Worker that pipes a client's socket straight to its hub, as the principal that the URL names: what the gate does, without
// its checks.

import "../../../pkg/entry.workerd.js";
import { hubUpstream } from "../../../pkg/arcp/gate/embedded-runtime.js";
import { Credit, isGauged, pipeHeaders } from "../../../pkg/arcp/hub-protocol.js";
import { call } from "../../../pkg/platform/modules/gate.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";

function unsayable(what) {
  const cycle = {};
  cycle.self = cycle;
  const deep = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`);
  return {
    bigint: { n: 1n },
    cycle,
    deep: { v: deep },
    throws: {
      toJSON: () => {
        throw new Error("private");
      },
    },
    large: "x".repeat(1_500_000),
    text: "just text",
    nothing: undefined,
    function: () => {},
  }[what];
}

function eventOf(what) {
  if (what === "large") return { kind: "thought", body: { text: unsayable(what) } };
  if (what === "negative") return { kind: "progress", body: { current: -1 } };
  if (what === "getter")
    return {
      get kind() {
        throw new Error("private");
      },
    };
  return { kind: "x-vendor.acme.thing", body: unsayable(what) };
}

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
  async throws({ what }) {
    if (what === "getter") {
      throw {
        get code() {
          throw new Error("private");
        },
      };
    }
    throw what === "bare" ? Object.create(null) : what;
  },
  async *floods({ to }) {
    for (let current = 1; current <= to; current += 1) yield { kind: "progress", body: { current, total: to } };
    return to;
  },
  // One good event, then one that can't be passed on.
  async *odd({ what }) {
    try {
      yield { kind: "result_chunk", body: { data: "first " } };
      yield what === "text" || what === "nothing" || what === "function" ? unsayable(what) : eventOf(what);
      yield { kind: "result_chunk", body: { data: "last" } };
    } finally {
      console.log(`cleaned up after ${what}`);
    }
  },
  returns: async ({ what }) => unsayable(what),
  async *stream({ text: whole, size, cut }) {
    const text = whole.slice(0, cut);
    for (let at = 0; at < text.length; at += size) {
      yield { kind: "result_chunk", body: { data: text.slice(at, at + size) } };
    }
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
    if (url.pathname === "/hub") {
      const stub = binding.get(binding.idFromName("x"));
      return stub.fetch("https://hub/", { headers: pipeHeaders(false) });
    }
    const { signal } = new AbortController();
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    const { socket, auth } = await hubUpstream({ binding, hubFor }).open(principal, "", signal, isGauged(server));
    const credit = new Credit(socket, server);
    let hasHello = false;
    server.addEventListener("message", ({ data }) => {
      if (hasHello) return socket.send(data);
      hasHello = true;
      const hello = JSON.parse(data);
      hello.payload.auth = auth;
      socket.send(JSON.stringify(hello));
    });
    socket.addEventListener("message", ({ data }) => {
      server.send(data);
      credit.passed(data);
    });
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
