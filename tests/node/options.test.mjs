// Options of every class: what JSON would drop or change without a word is an error that names its place, and so is a name that
// nobody knows, whatever its value.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ArcClient,
  ArcgateError,
  ArcpClient,
  JwtVerifier,
  StaticBearerVerifier,
  TokenManager,
  verifyJws,
} from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";

const provider = { issuer: "https://i.example", audience: "a" };
const source = { type: "client_credentials", tokenEndpoint: "https://i.example/t", clientId: "c", clientSecret: "s" };
const verifier = await StaticBearerVerifier.create({ t: "u" });

// A socket that is never opened: what is wrong with the options is said before.
class Socket extends EventTarget {
  constructor() {
    super();
    throw new Error("connected");
  }
}

/** How each class takes options; `known` is one of its optional options that are data. */
const classes = {
  JwtVerifier: {
    known: "clockToleranceSec",
    make: (more) => JwtVerifier.create({ providers: { p: provider }, ...more }),
  },
  "JwtVerifier's provider": {
    known: "jwksUri",
    path: "providers.p.",
    make: (more) => JwtVerifier.create({ providers: { p: { ...provider, ...more } } }),
  },
  "JwtVerifier's jwksCache": {
    known: "cooldownSec",
    path: "jwksCache.",
    make: (more) => JwtVerifier.create({ providers: { p: provider }, jwksCache: more }),
  },
  "JwtVerifier's tokenCache": {
    known: "maxEntries",
    path: "tokenCache.",
    make: (more) => JwtVerifier.create({ providers: { p: provider }, tokenCache: more }),
  },
  "TokenManager's source": {
    known: "scope",
    path: "source.",
    make: (more) => TokenManager.create({ ...source, ...more }),
  },
  TokenManager: { known: "timeoutMs", make: (more) => TokenManager.create(source, more) },
  ArcClient: {
    known: "timeoutMs",
    path: "options.",
    make: (more) => ArcClient.create({ endpoint: "https://a.example/", requestAgent: "me", token: "t", ...more }),
  },
  ArcpClient: {
    known: "features",
    path: "",
    make: (more) =>
      ArcpClient.connect("wss://a.example/", {
        client: { name: "c", version: "1" },
        auth: { scheme: "bearer", token: "t" },
        WebSocket: Socket,
        shouldRetry: () => false,
        ...more,
      }).catch((error) => {
        if (error.code === "ERR_CONFIG") throw error;
      }),
  },
  createWorker: {
    known: "allowedHosts",
    async make(more) {
      const worker = createWorker({ verifier, agents: { a: () => 1 }, audit: () => {}, ...more });
      // The core's part of the options is looked at with the first request.
      const said = [];
      const { error } = console;
      console.error = (text) => said.push(text);
      const answer = await worker.fetch(
        new Request("https://w.example/arc", { method: "POST" }),
        {},
        { waitUntil() {} },
      );
      console.error = error;
      if (answer.status === 500) {
        const [, name] = /`(.*?)`/.exec(said.join()) ?? [];
        throw new ArcgateError("ERR_CONFIG", said.join(), { details: { subject: name } });
      }
    },
  },
};

const refused = (name, pattern) => (error) => {
  assert.ok(error instanceof ArcgateError, String(error?.stack));
  assert.equal(error.code, "ERR_CONFIG", error.message);
  assert.ok(error.message.includes(`\`${name}\``), `${error.message}: not about ${name}`);
  if (pattern) assert.match(error.message, pattern);
  return true;
};

for (const [name, { known, path = "", make }] of Object.entries(classes)) {
  describe(name, () => {
    test("a name that nobody knows is an error, whatever its value", async () => {
      const misspelt = known.toLowerCase() === known ? `${known}s` : known.toLowerCase();
      const place = name === "ArcClient" ? "" : path;
      for (const value of [() => true, Symbol("x"), 1n, undefined, null, 1, "x", {}, [], Promise.resolve(1)]) {
        await assert.rejects(
          make({ [misspelt]: value }),
          refused(place + misspelt, new RegExp(`\`${known}\``)),
          `${typeof value}`,
        );
      }
    });

    test("an option that is undefined is not there", () => make({ [known]: undefined }));

    test("what is no data is named", async () => {
      for (const value of [
        () => "x",
        Symbol("x"),
        1n,
        Number.NaN,
        Promise.resolve("x"),
        new Map(),
        new Uint8Array(1),
      ]) {
        await assert.rejects(make({ [known]: value }), refused(path + known), Object.prototype.toString.call(value));
      }
    });
  });
}

test("the place is named however deep it is, and what is there", async () => {
  const at = (options) => JwtVerifier.create({ providers: { p: { ...provider, ...options } } });
  await assert.rejects(
    at({ requiredClaims: { a: ["x", () => 1] } }),
    refused("providers.p.requiredClaims.a[1]", /is a function/),
  );
  await assert.rejects(
    at({ requiredClaims: { a: undefined } }),
    refused("providers.p.requiredClaims.a", /is undefined/),
  );
  await assert.rejects(at({ labelClaims: { a: Symbol("x") } }), refused("providers.p.labelClaims.a", /is a symbol/));
  for (const tokenCache of [null, true, "x", 1n]) {
    await assert.rejects(JwtVerifier.create({ providers: { p: provider }, tokenCache }), refused("tokenCache"));
  }
  await assert.rejects(at({ algorithms: [1n] }), refused("providers.p.algorithms[0]", /is a bigint/));
  await assert.rejects(at({ audience: () => "a" }), refused("providers.p.audience", /is a function/));
  await assert.rejects(at({ issuer: Promise.resolve("a") }), refused("providers.p.issuer", /await/));
  await assert.rejects(at({ [Symbol("x")]: 1 }), refused("providers.p.Symbol(x)"));
  const manager = (more) => TokenManager.create({ ...source, ...more });
  await assert.rejects(manager({ parameters: { a: () => "x" } }), refused("source.parameters.a", /is a function/));
  await assert.rejects(manager({ clientSecret: new Uint8Array(3) }), refused("source.clientSecret", /is a Uint8Array/));
  await assert.rejects(manager({ scope: "\0x" }), refused("source.scope"));
  await assert.rejects(TokenManager.create(source, { hasStorage: true }), refused("hasStorage"));
  await assert.rejects(
    createWorkerOf({ limits: { maxFrameBytes: () => 1 } }),
    refused("limits.maxFrameBytes", /is a function/),
  );
  await assert.rejects(createWorkerOf({ arc: { scopes: { "task.create": undefined } } }), /task\.create/);
  const cycle = { ...provider };
  cycle.requiredClaims = { a: cycle };
  await assert.rejects(at(cycle), refused("providers.p.requiredClaims.a.requiredClaims", /itself/));
  await assert.rejects(
    StaticBearerVerifier.create({ t: { id: "u", labels: { a: () => 1 } } }),
    refused("tokens[0].labels.a"),
  );
  await assert.rejects(
    verifyJws("a.b.c", { kty: "oct", k: () => 1 }, { algorithms: ["HS256"] }),
    refused("keys.k", /is a function/),
  );
  await assert.rejects(verifyJws("a.b.c", {}, { algorithms: ["HS256"], kid: undefined }), refused("kid"));
});

const createWorkerOf = (more) => classes.createWorker.make(more);

test("what says itself what it is as data is taken, and what is undefined in a record is not there", async () => {
  await JwtVerifier.create({
    providers: { p: { ...provider, issuer: new URL("https://i.example/"), labelClaims: { a: undefined, b: "b" } } },
  });
  await TokenManager.create({ ...source, parameters: { a: undefined } });
});

test("what is asked for is data too: an agent's input is not cut without a word", async () => {
  const posted = [];
  const fetch = async (_url, { body }) => {
    posted.push(JSON.parse(body).params);
    return new Response("", { status: 500 });
  };
  const client = await ArcClient.create({ endpoint: "https://a.example/", requestAgent: "me", token: "t", fetch });
  const ask = (metadata) => client.task.create({ targetAgent: "a", initialMessage: "x", metadata });
  await assert.rejects(ask({ a: [{ f() {} }] }), refused("params.metadata.a[0].f", /is a function/));
  await assert.rejects(ask({ a: 1n }), refused("params.metadata.a", /is a bigint/));
  await assert.rejects(
    ask({ a: new Date(0), b: undefined, c: "\0", scopes: { a: undefined } }),
    (error) => error.code !== "ERR_CONFIG",
  );
  assert.deepEqual(posted[0].metadata, { a: "1970-01-01T00:00:00.000Z", c: "\0", scopes: {} });
});

test("the options of a call have names too", async () => {
  const manager = await TokenManager.create({ type: "static", token: "t" });
  await assert.rejects(manager.getToken({ forcerefresh: true }), refused("forcerefresh", /forceRefresh/));
  manager.close();
});
