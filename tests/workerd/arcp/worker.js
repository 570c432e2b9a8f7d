// Gates in front of a scripted runtime, with a verifier that does what its token says.

import { ArcgateError, DevModeBearerVerifier, SchemeRouter } from "../../../pkg/entry.workerd.js";
import { call } from "../../../pkg/platform/modules/gate.js";
import { createWorker } from "../../../pkg/worker.workerd.js";

const upstream = UPSTREAM;
const all = ["connect", "submit"];

const byToken = {
  async authenticate({ scheme, token }, context) {
    if (scheme === "none") return { id: "anybody", scopes: all };
    const [what, number] = token.split(".");
    switch (what) {
      case "alice":
      case "bob":
        return { id: what, scopes: all };
      case "reader":
        return { id: what, scopes: ["connect"] };
      case "nobody":
        return { id: what };
      case "until":
        return { id: "alice", scopes: all, expiresAt: Number(number) / 1000 };
      case "outage":
        throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "down", { retryable: true });
      case "bug":
        throw new TypeError(`can't read ${token}`);
      case "hang":
        return new Promise(() => {});
      case "context":
        return { id: `${context.transport} ${new URL(context.url).pathname} ${context.remoteAddress}`, scopes: all };
      default:
        return null;
    }
  },
};

const revoked = new Set();
const revocable = {
  asksRevocation: true,
  async authenticate({ token }) {
    if (revoked.has(token)) {
      if (token === "erin") return null;
      if (token === "frank") return { id: "somebody else" };
      if (token === "grace") throw new ArcgateError("ERR_PERMISSION_DENIED", "not any more");
      if (token === "heidi") return { id: token, scopes: ["submit"] };
      if (token === "ivan") return { id: token, scopes: ["connect"] };
      throw new ArcgateError("ERR_TOKEN_REVOKED", `${token} is revoked`);
    }
    return { id: token, scopes: ["connect", "submit"] };
  },
};

// Is asked twice: when the client comes, and when the upstream has opened.
const asked = new Map();
const taken = {
  asksRevocation: true,
  async authenticate({ token }) {
    const times = (asked.get(token) ?? 0) + 1;
    asked.set(token, times);
    if (times > 1 && token === "flaky") throw new ArcgateError("ERR_VERIFIER_UNAVAILABLE", "down", { retryable: true });
    if (revoked.has(token)) throw new ArcgateError("ERR_TOKEN_REVOKED", `${token} is revoked`);
    return { id: token };
  },
};

const base = {
  verifier: byToken,
  allowedOrigins: ["https://app.example"],
  arcp: {
    upstream,
    upstreamAuth: {
      mode: "map",
      tokenFor: ({ key, id }) => (id === "nobody" ? undefined : `for-${btoa(key).replaceAll("=", "")}`),
    },
    resumeKey: "a resume key for tests, of 32 bytes",
  },
  limits: { failedHandshakesPerMinute: 100_000, maxConnectionsPerPrincipal: 250 },
};
const gate = (basePath, changes = {}) =>
  createWorker({
    ...base,
    basePath,
    ...changes,
    arcp: { ...base.arcp, ...changes.arcp },
    limits: { ...base.limits, ...changes.limits },
  });

const gates = {
  "": gate(""),
  quick: gate("/quick", {
    limits: { helloTimeoutMs: 1500, verifyTimeoutMs: 500, upstreamTimeoutMs: 1500, clockToleranceSec: 0 },
  }),
  beats: gate("/beats", { arcp: { heartbeatIntervalSec: 1 } }),
  small: gate("/small", { limits: { maxHelloBytes: 1000, maxFrameBytes: 2000, maxUpstreamFrameBytes: 3000 } }),
  scopes: gate("/scopes", { arcp: { scopes: { connect: ["connect"], submit: ["submit"] } } }),
  open: gate("/open", { verifier: () => SchemeRouter.create({ bearer: byToken, none: byToken }) }),
  shut: gate("/shut", { verifier: () => SchemeRouter.create({ bearer: byToken }) }),
  dev: gate("/dev", { verifier: () => DevModeBearerVerifier.create() }),
  devNobody: gate("/devNobody", { verifier: { authenticate: async () => ({ kind: "dev", id: "anybody" }) } }),
  hosts: gate("/hosts", { allowedHosts: ["gate.example"] }),
  few: gate("/few", { limits: { maxConnections: 1 } }),
  idle: gate("/idle", { limits: { maxConnections: 8 } }),
  tries: gate("/tries", { limits: { failedHandshakesPerMinute: 2 } }),
  slow: gate("/slow", { limits: { maxBufferedBytes: 300_000 } }),
  revocable: gate("/revocable", {
    verifier: revocable,
    arcp: { scopes: { connect: ["connect"], submit: ["submit"] } },
    limits: { revocationIntervalMs: 50 },
  }),
  hush: gate("/hush", { limits: { maxSilentConnections: 1 } }),
  silent: gate("/silent", { limits: { maxConnections: 1, helloTimeoutMs: 1500 } }),
  mute: gate("/mute", { arcp: { upstream: upstream.replace("/arcp", "/mute") }, limits: { maxConnections: 1 } }),
  places: gate("/places", { limits: { maxConnectionsPerPrincipal: 2, maxConnectionsPerAddress: 2 } }),
  rates: gate("/rates", { limits: { maxFramesPerSec: 5 } }),
  taken: gate("/taken", {
    verifier: taken,
    arcp: {
      upstreamAuth: {
        mode: "map",
        tokenFor({ id }) {
          // Whoever revokes does it now.
          if (id === "late") revoked.add(id);
          return "for-anybody";
        },
      },
    },
  }),
  binding: gate("/binding", { arcp: { upstream: { fetch: (url, init) => fetch(here(url), init) } } }),
  through: gate("/through", {
    arcp: { upstreamAuth: { mode: "passthrough" } },
    verifier: () => SchemeRouter.create({ bearer: byToken, none: byToken }),
  }),
  redirect: gate("/redirect", { arcp: { upstream: upstream.replace("/arcp", "/elsewhere") } }),
  refuse: gate("/refuse", { arcp: { upstream: upstream.replace("/arcp", "/refuse") } }),
  rate: gate("/rate", { limits: { rateLimit: "LIMIT" } }),
  slowRate: gate("/slowRate", { limits: { rateLimit: "SLOW_LIMIT", maxConnections: 8 } }),
  unbound: gate("/unbound", { limits: { rateLimit: "LIMITS" } }),
  nowhere: gate("/nowhere", { arcp: { upstream: "ws://127.0.0.1:9/arcp" } }),
  bare: createWorker({ verifier: byToken, basePath: "/bare" }),
};

// As a service binding does: it knows where its service is.
function here(url) {
  return `${upstream.replace("ws:", "http:").replace("/arcp", new URL(url).pathname)}?bound`;
}

// Answers when so many have asked: all of them were within their limits before.
const waiting = [];
const bindings = {
  SLOW_LIMIT: {
    async limit() {
      await new Promise((resolve) => {
        waiting.push(resolve);
        const poll = setInterval(() => {
          if (waiting.length < 6) return;
          clearInterval(poll);
          resolve();
        }, 5);
      });
      return { success: true };
    },
  },
  LIMIT: {
    async limit({ key }) {
      if (key === "192.0.2.99") throw new Error("the counter is down");
      return { success: key !== "192.0.2.66" };
    },
  },
};

// A mistake of ours, which poisons the module's instance.
function trap() {
  try {
    call("trapForTests");
  } catch (error) {
    return error.code;
  }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok");
    if (pathname === "/revoke") return new Response(String(revoked.add(await request.text()).size));
    if (pathname === "/trap") return new Response(trap());
    return (gates[pathname.split("/")[1]] ?? gates[""]).fetch(request, { ...env, ...bindings }, ctx);
  },
};
