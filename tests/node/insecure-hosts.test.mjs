// insecureHosts: plain http and ws to exactly the hosts that are named, for every class; nowhere else, and not by default.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ArcClient, ArcpClient, JwtVerifier, StaticBearerVerifier, TokenManager } from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { claims, jws, makeKey } from "../attacks/kit.mjs";

const key = makeKey("ES256");
const issuer = "http://keycloak:8080/realms/a";
const insecureHosts = ["keycloak:8080"];

/** A network of one's own. */
const asked = [];
const fetch = async (url) => {
  asked.push(String(url));
  const { pathname } = new URL(url);
  if (pathname.includes("/.well-known/"))
    return Response.json({ issuer, jwks_uri: `${issuer}/certs`, token_endpoint: `${issuer}/token` });
  if (pathname.endsWith("/certs")) return Response.json({ keys: [key.jwk] });
  if (pathname.endsWith("/token")) return Response.json({ access_token: "t", expires_in: 60 });
  return new Response("", { status: 500 });
};
const opened = [];
class Socket extends EventTarget {
  constructor(url) {
    super();
    opened.push(url);
    throw new Error("nobody is there");
  }
}

const warned = [];
const { warn } = console;
beforeEach(() => {
  for (const list of [asked, opened, warned]) list.length = 0;
  console.warn = (line) => warned.push(line);
});
afterEach(() => {
  console.warn = warn;
});

const verifier = await StaticBearerVerifier.create({ t: "u" });
const source = { type: "client_credentials", clientId: "c", clientSecret: "s" };
const passthrough = { mode: "passthrough" };

/** How each class is made with a URL of `base`, and what it does there. */
const classes = {
  async JwtVerifier(base, more) {
    const made = await JwtVerifier.create({
      providers: { p: { issuer: `${base}/realms/a`, audience: "api" } },
      fetch,
      ...more,
    });
    await made.verify(jws(key, claims({ iss: issuer })));
  },
  async TokenManager(base, more) {
    const made = await TokenManager.create({ ...source, issuer: `${base}/realms/a` }, { fetch, ...more });
    assert.equal(await made.getToken(), "t");
    made.close();
  },
  async ArcClient(base, more) {
    const made = await ArcClient.create({ endpoint: `${base}/arc`, requestAgent: "me", token: "t", fetch, ...more });
    await made.task.info({ targetAgent: "a", taskId: "1" }).catch(() => {});
    assert.equal(asked.at(-1), `${base}/arc`);
  },
  async ArcpClient(base, more) {
    const options = { client: { name: "c", version: "1" }, auth: { scheme: "bearer", token: "t" }, WebSocket: Socket };
    const url = `${base.replace("http", "ws")}/arcp`;
    await ArcpClient.connect(url, { ...options, shouldRetry: () => false, ...more }).catch((error) => {
      if (error.code === "ERR_CONFIG") throw error;
    });
    assert.ok(opened.includes(url));
  },
  async createWorker(base, more) {
    createWorker({ verifier, arc: { upstream: `${base}/arc`, upstreamAuth: passthrough }, ...more });
    createWorker({
      verifier,
      arcp: { upstream: `${base.replace("http", "ws")}/arcp`, upstreamAuth: passthrough },
      ...more,
    });
  },
};

for (const [name, make] of Object.entries(classes)) {
  describe(name, () => {
    test("takes a host that is named, and says so in one line", async () => {
      await make("http://keycloak:8080", { insecureHosts });
      assert.equal(warned.length, name === "createWorker" ? 2 : 1);
      assert.ok(warned[0].includes("keycloak:8080") && warned[0].includes("insecureHosts"), warned[0]);
    });

    test("takes no other one, and none by default", async () => {
      for (const [base, list] of [
        ["http://keycloak:8080", undefined],
        ["http://keycloak:8080", []],
        ["http://keycloak:8081", insecureHosts],
        ["http://keycloak", insecureHosts],
        ["http://keycloak.evil.example:8080", insecureHosts],
        ["http://evil.example", insecureHosts],
      ]) {
        await assert.rejects(make(base, { insecureHosts: list }), { code: "ERR_CONFIG" }, `${base} ${list}`);
      }
      assert.deepEqual([asked, opened, warned], [[], [], []]);
    });

    test("says what is no list of hosts", async () => {
      for (const list of [
        "keycloak:8080",
        [7],
        ["*"],
        ["http://keycloak:8080"],
        ["a/b"],
        [""],
        ["h:0x"],
        ["u@h"],
        null,
        {},
      ]) {
        await assert.rejects(
          make("http://keycloak:8080", { insecureHosts: list }),
          (error) => error.code === "ERR_CONFIG" && error.message.includes("`insecureHosts`"),
          JSON.stringify(list),
        );
      }
    });
  });
}
