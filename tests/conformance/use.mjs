// Using a verifier: at once, again and again, with one's own checks, given up, and after a trap.

import { audience, clock, issuer, makeSigner, network, present } from "./sign.mjs";

export function tests({ arcgate: { JwtVerifier, ready, version, ArcgateError }, wasm, assert }) {
  const create = async (options = {}, provider = {}) => {
    const signer = await makeSigner();
    const p = { issuer, audience, jwks: { keys: [signer.jwk] }, ...provider };
    return { signer, verifier: await JwtVerifier.create({ providers: { p }, now: clock, ...options }) };
  };

  const fetching = async (options = {}) => {
    const signer = await makeSigner();
    const keys = { keys: [signer.jwk] };
    const net = network({ [`${issuer}/keys`]: () => keys });
    const p = { issuer, audience, jwksUri: `${issuer}/keys` };
    const make = (more) => JwtVerifier.create({ providers: { p }, now: clock, fetch: net.fetch, ...options, ...more });
    return { ...net, signer, keys, make, verifier: await make() };
  };

  // A promise and the hand that settles it.
  const deferred = () => {
    let resolve;
    const promise = new Promise((settle) => {
      resolve = settle;
    });
    return { promise, resolve };
  };

  const trap = () => {
    try {
      wasm.bindings.trapForTests();
    } catch (thrown) {
      assert.ok(thrown instanceof WebAssembly.RuntimeError, `a trap, not ${thrown}`);
      return thrown;
    }
    throw new Error("trapForTests came back");
  };

  return {
    "ready, version and the error's class": async () => {
      assert.equal(await ready(), undefined);
      assert.match(version, /^\d+\.\d+\.\d+/);
      assert.equal(wasm.bindings.version(), version);
      const error = await assert.refused(JwtVerifier.create({}), "ERR_CONFIG");
      assert.ok(error instanceof ArcgateError && error instanceof Error);
      assert.equal(error.retryable, false);
      assert.equal(error.details.fault, "configuration");
    },

    "two hundred distinct tokens at once, each gets its own answer": async () => {
      for (const tokenCache of [undefined, false]) {
        const { signer, verifier } = await create({ tokenCache });
        const evil = await makeSigner();
        // Of different lengths, every fifth with a forged signature: the memory that they share would show.
        const tokens = await Promise.all(
          Array.from({ length: 200 }, (_, index) =>
            (index % 5 === 4 ? evil : signer).sign({ sub: `user-${index}`, pad: "x".repeat((index * 37) % 500) }),
          ),
        );
        const results = await Promise.allSettled(tokens.map((token) => verifier.verify(token)));
        for (const [index, { status, value, reason }] of results.entries()) {
          assert.equal(status, index % 5 === 4 ? "rejected" : "fulfilled", `token ${index}: ${reason}`);
          if (value) assert.equal(value.claims.sub, `user-${index}`);
          else assert.equal(reason.code, "ERR_TOKEN_SIGNATURE");
        }
      }
    },

    "two hundred at once, the keys not there yet": async () => {
      const { signer, verifier, asked } = await fetching();
      const tokens = await Promise.all(
        Array.from({ length: 200 }, (_, index) => signer.sign({ sub: `user-${index}` })),
      );
      const results = await Promise.all(tokens.map((token) => verifier.verify(token)));
      for (const [index, { claims }] of results.entries()) assert.equal(claims.sub, `user-${index}`);
      assert.equal(asked.length, 1);
    },

    "each caller gets a copy of the claims": async () => {
      const { signer, verifier } = await create();
      const token = await signer.sign({ roles: ["reader"], scope: "read" });
      for (let round = 0; round < 3; round += 1) {
        const verified = await verifier.verify(token);
        assert.same([verified.claims.roles, verified.scopes, verified.principal.id], [["reader"], ["read"], "user-1"]);
        verified.claims.roles.push("admin");
        verified.scopes.push("write");
        assert.same(verified.principal.scopes, ["read"]);
        verified.principal.id = "root";
        verified.header.alg = "none";
        verified.claims.sub = "root";
      }
    },

    "claims named __proto__ or constructor stay plain data": async () => {
      const { signer, verifier } = await create();
      const { claims } = await verifier.verify(
        await signer.sign(JSON.parse('{"__proto__":{"admin":true},"constructor":"x"}')),
      );
      assert.equal(claims.admin, undefined);
      assert.equal({}.admin, undefined);
      assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    },

    "checkClaims runs every time, hits included, on verified tokens only": async () => {
      const seen = [];
      const { signer, verifier } = await create({
        checkClaims: async (token) => {
          seen.push(token.claims.sub);
          if (token.claims.sub === "mallory") throw new Error("not her");
        },
      });
      const token = await signer.sign();
      await verifier.verify(token);
      await verifier.verify(token);
      assert.same(seen, ["user-1", "user-1"]);
      const error = await assert.refused(
        verifier.verify(await signer.sign({ sub: "mallory" })),
        "ERR_TOKEN_CLAIM",
        /checkClaims/,
      );
      assert.equal(error.cause.message, "not her");
      const evil = await makeSigner();
      await assert.refused(verifier.verify(await evil.sign()), "ERR_TOKEN_SIGNATURE");
      await assert.refused(verifier.verify(await signer.sign({ exp: present - 60 })), "ERR_TOKEN_EXPIRED");
      assert.equal(seen.length, 3);
    },

    "an ArcgateError of checkClaims comes through as it is": async () => {
      const own = new ArcgateError("ERR_TOKEN_SCOPE", "not enough");
      const { signer, verifier } = await create({
        checkClaims: () => {
          throw own;
        },
      });
      assert.equal(await assert.refused(verifier.verify(await signer.sign()), "ERR_TOKEN_SCOPE"), own);
    },

    "isRevoked is asked on hits too": async () => {
      const revoked = new Set();
      let asked = 0;
      const { signer, verifier } = await create({
        isRevoked: async ({ claims }) => {
          asked += 1;
          return revoked.has(claims.jti);
        },
      });
      const token = await signer.sign({ jti: "one" });
      await verifier.verify(token);
      await verifier.verify(token);
      assert.equal(asked, 2);
      revoked.add("one");
      await assert.refused(verifier.verify(token), "ERR_TOKEN_REVOKED");
      revoked.delete("one");
      await verifier.verify(token);
    },

    "a revocation list that is out of reach is an outage, not a yes": async () => {
      const { signer, verifier } = await create({ isRevoked: () => Promise.reject(new Error("storage")) });
      const error = await verifier.verify(await signer.sign()).catch((thrown) => thrown);
      assert.equal(error.code, "ERR_VERIFIER_UNAVAILABLE");
      assert.ok(error.retryable);
      assert.equal(error.cause.message, "storage");
    },

    "a token that was seen before still expires": async () => {
      let now = present;
      const { signer, verifier } = await create({ now: () => now * 1000 });
      const token = await signer.sign();
      await verifier.verify(token);
      now = present + 330;
      await assert.refused(verifier.verify(token), "ERR_TOKEN_EXPIRED");
    },

    "AbortSignal: aborted before, and while waiting for keys; nobody else is harmed": async () => {
      const gate = deferred();
      const signer = await makeSigner();
      let asked = 0;
      const began = deferred();
      const fetch = async () => {
        asked += 1;
        began.resolve();
        await gate.promise;
        return Response.json({ keys: [signer.jwk] });
      };
      const p = { issuer, audience, jwksUri: `${issuer}/keys` };
      const verifier = await JwtVerifier.create({ providers: { p }, now: clock, fetch });
      const token = await signer.sign();

      const before = await assert.refused(
        verifier.verify(token, { signal: AbortSignal.abort("no more") }),
        "ERR_ABORTED",
      );
      assert.equal(before.cause, "no more");
      assert.equal(asked, 0);

      const controller = new AbortController();
      const first = verifier.verify(token, { signal: controller.signal });
      const others = [verifier.verify(token), verifier.verify(await signer.sign({ sub: "user-2" }))];
      await began.promise;
      controller.abort();
      await assert.refused(first, "ERR_ABORTED");
      gate.resolve();
      const [one, two] = await Promise.all(others);
      assert.same([one.principal.id, two.principal.id, asked], ["user-1", "user-2", 1]);
    },

    "scopes for one call: strings and lists, hits included": async () => {
      const { signer, verifier } = await create();
      for (const claims of [{ scope: "read write" }, { scp: ["read", "write"] }, { scope: "read", scp: ["write"] }]) {
        const token = await signer.sign(claims);
        for (let round = 0; round < 2; round += 1) {
          assert.same((await verifier.verify(token, { scopes: ["read"] })).scopes, ["read", "write"]);
          await verifier.verify(token, { scopes: ["write", "read"] });
          const error = await assert.refused(
            verifier.verify(token, { scopes: ["read", "admin"] }),
            "ERR_TOKEN_SCOPE",
            /admin/,
          );
          assert.equal(error.details.subject, "admin");
        }
      }
      await assert.refused(
        verifier.verify(await signer.sign({ scope: "readwrite" }), { scopes: ["read"] }),
        "ERR_TOKEN_SCOPE",
      );
    },

    "scopes that hold a space are one scope": async () => {
      const { signer, verifier } = await create({}, { scopeClaims: ["roles"] });
      const token = await signer.sign({ roles: ["Read All", "write"] });
      assert.same((await verifier.verify(token, { scopes: ["Read All", "write"] })).scopes, ["Read All", "write"]);
      await assert.refused(verifier.verify(token, { scopes: ["Read"] }), "ERR_TOKEN_SCOPE", /Read/);
      const odd = await signer.sign({ roles: ["admin\nwrite"] });
      assert.same((await verifier.verify(odd)).scopes, ["admin\nwrite"]);
      await assert.refused(verifier.verify(odd, { scopes: ["write"] }), "ERR_TOKEN_SCOPE");
    },

    "requiredScopes: without a scope claim the message names the claims that were seen": async () => {
      const { signer, verifier } = await create({}, { requiredScopes: ["read"] });
      await assert.refused(
        verifier.verify(await signer.sign({ roles: ["read"] })),
        "ERR_TOKEN_SCOPE",
        /scopeClaims.*roles/,
      );
    },

    "exportKeys, importKeys: another verifier needs no fetch": async () => {
      const { signer, verifier, asked, make } = await fetching();
      assert.same(verifier.exportKeys(), []);
      await verifier.verify(await signer.sign());
      const snapshots = JSON.parse(JSON.stringify(verifier.exportKeys()));
      assert.equal(snapshots.length, 1);
      assert.equal(snapshots[0].issuer, issuer);

      const second = await make({ fetch: () => assert.ok(false, "nothing is to be fetched") });
      second.importKeys(snapshots);
      await second.verify(await signer.sign());
      assert.equal(asked.length, 1);
    },

    "importKeys: imported keys keep their age": async () => {
      let now = present;
      const { signer, verifier, asked, make, keys } = await fetching({
        now: () => now * 1000,
        jwksCache: { maxAgeSec: 60, staleIfErrorSec: 0 },
      });
      await verifier.verify(await signer.sign());
      const snapshots = verifier.exportKeys();
      now += 3600;
      keys.keys = [(await makeSigner("new")).jwk];
      const second = await make();
      second.importKeys(snapshots);
      const token = await signer.sign({ iat: now, exp: now + 300 });
      await assert.refused(second.verify(token), ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"]);
      assert.equal(asked.length, 2);
    },

    "importKeys: what is no snapshot is ERR_CONFIG, of other issuers it is left alone": async () => {
      const { verifier, signer } = await fetching();
      for (const wrong of [null, 7, {}, [7], [{}], [{ issuer: 7 }]]) {
        let thrown;
        try {
          verifier.importKeys(wrong);
        } catch (error) {
          thrown = error;
        }
        assert.equal(thrown?.code, "ERR_CONFIG", JSON.stringify(wrong));
      }
      verifier.importKeys([{ issuer: "https://other.example" }]);
      await verifier.verify(await signer.sign());
    },

    "a store is filled, and asked by the next verifier": async () => {
      const kept = new Map();
      const stored = deferred();
      const store = {
        get: async (name) => kept.get(name),
        put: async (name, snapshot) => {
          kept.set(name, snapshot);
          stored.resolve();
        },
      };
      const { signer, verifier, asked, make } = await fetching({ jwksCache: { store } });
      await verifier.verify(await signer.sign());
      await stored.promise;
      assert.same([...kept.keys()], [issuer]);
      await (await make()).verify(await signer.sign({ sub: "user-2" }));
      assert.equal(asked.length, 1);
    },

    "events tell what happened, and never the token": async () => {
      const events = [];
      const { signer, verifier } = await create({ onEvent: (event) => events.push(event) });
      const token = await signer.sign({ exp: present + 7200 });
      await verifier.verify(token);
      const evil = await (await makeSigner()).sign();
      await assert.refused(verifier.verify(evil), "ERR_TOKEN_SIGNATURE");
      assert.same(new Set(events.map(({ type }) => type)).size, events.length);
      assert.same(events.map(({ type }) => type).sort(), ["token.accepted", "token.long_lived", "token.refused"]);
      assert.equal(events.at(-1).code, "ERR_TOKEN_SIGNATURE");
      assert.equal(events[0].time, present);
      const text = JSON.stringify(events);
      for (const secret of [token, evil].flatMap((whole) => whole.split(".")))
        assert.ok(!text.includes(secret), "a part of a token in an event");
    },

    "events: a token that is revoked, or that checkClaims refuses, was never accepted": async () => {
      for (const refusing of [{ isRevoked: () => true }, { checkClaims: () => Promise.reject(new Error("no")) }]) {
        const events = [];
        const { signer, verifier } = await create({ ...refusing, onEvent: ({ type }) => events.push(type) });
        await assert.refused(verifier.verify(await signer.sign()), ["ERR_TOKEN_REVOKED", "ERR_TOKEN_CLAIM"]);
        assert.same(events, ["token.refused"]);
      }
    },

    "authenticate: bearer only; a principal, or an error": async () => {
      const { signer, verifier } = await create();
      const context = { transport: "http", url: "https://api.example/arc" };
      const token = await signer.sign();
      assert.equal((await verifier.authenticate({ scheme: "bearer", token }, context)).id, "user-1");
      assert.equal((await verifier.authenticate({ scheme: "Bearer", token }, context)).id, "user-1");
      assert.equal(await verifier.authenticate({ scheme: "none" }, context), null);
      assert.equal(await verifier.authenticate({ scheme: "basic", token }, context), null);
      assert.equal(await verifier.authenticate({ scheme: "bearer" }, context), null);
      await assert.refused(verifier.authenticate({ scheme: "bearer", token: "x" }, context), "ERR_TOKEN_MALFORMED");
    },

    "what is no token is ERR_TOKEN_MALFORMED, whatever it is": async () => {
      const { signer, verifier } = await create();
      const good = await signer.sign();
      const wrong = [
        undefined,
        null,
        7,
        {},
        [],
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        `${good}.`,
        ` ${good}`,
        `${good}\n`,
        `${good}=`,
        "\0",
        "😀.😀.😀",
        "\ud800",
        "x".repeat(16 * 1024 + 1),
        ".".repeat(1_000_000),
      ];
      for (const token of wrong) await assert.refused(verifier.verify(token), "ERR_TOKEN_MALFORMED");
      await verifier.verify(good);
    },

    "the longest token, and one byte more": async () => {
      const { signer, verifier } = await create();
      const padded = async (length) => signer.sign({ pad: "x".repeat(length) });
      const base = (await padded(0)).length;
      let pad = Math.floor(((16 * 1024 - base) * 3) / 4) - 4;
      let token = await padded(pad);
      for (let next = token; next.length <= 16 * 1024; next = await padded((pad += 1))) token = next;
      assert.ok(token.length > 16 * 1024 - 4, String(token.length));
      await verifier.verify(token);
      await assert.refused(verifier.verify(await padded(pad + 2)), "ERR_TOKEN_MALFORMED", /16 kB/);
    },

    "no message quotes the token": async () => {
      const { signer, verifier } = await create();
      const secret = "hunter2hunter2";
      const good = await signer.sign({ password: secret });
      const tokens = [
        good.slice(0, -2),
        `${good}x`,
        `x${good}`,
        `${good}.x`,
        good.replace(".", ".."),
        await signer.sign({ iss: undefined, password: secret }),
        await signer.sign({ sub: { secret } }),
        await signer.sign({ aud: [{ secret }] }),
      ];
      for (const token of tokens) {
        const error = await verifier.verify(token).catch((thrown) => thrown);
        const text = `${error.message} ${JSON.stringify(error)} ${error.stack}`;
        assert.equal(error.name, "ArcgateError");
        assert.ok(!text.includes(secret) && !text.includes("eyJ"), text);
      }
    },

    "after a trap the next call works, on a fresh instance": async () => {
      const { signer, verifier, asked } = await fetching();
      const { verifier: other, signer: otherSigner } = await create();
      const token = await signer.sign();
      await verifier.verify(token);
      const epoch = wasm.instanceEpoch();
      assert.equal(wasm.recoverFrom(trap()), true);
      assert.equal(wasm.instanceEpoch(), epoch + 1);

      assert.equal((await verifier.verify(token)).principal.id, "user-1");
      assert.equal((await verifier.verify(await signer.sign({ sub: "user-2" }))).principal.id, "user-2");
      await other.verify(await otherSigner.sign());
      assert.equal(asked.length, 1, "the keys outlive the instance:");
      const evil = await makeSigner();
      await assert.refused(verifier.verify(await evil.sign()), "ERR_TOKEN_SIGNATURE");
      await assert.refused(JwtVerifier.create({ providers: {} }), "ERR_CONFIG");
    },

    "a trap while signatures are checked and keys are fetched: every call ends": async () => {
      const gate = deferred();
      const began = deferred();
      const signer = await makeSigner();
      const fetch = async () => {
        began.resolve();
        await gate.promise;
        return Response.json({ keys: [signer.jwk] });
      };
      const p = { issuer, audience, jwksUri: `${issuer}/keys` };
      const verifier = await JwtVerifier.create({ providers: { p }, now: clock, fetch });
      const token = await signer.sign();
      const calls = [verifier.verify(token), verifier.verify(await signer.sign({ sub: "user-2" }))];
      await began.promise;
      const epoch = wasm.instanceEpoch();
      wasm.recoverFrom(trap());
      gate.resolve();
      assert.same(
        (await Promise.all(calls)).map(({ principal }) => principal.id),
        ["user-1", "user-2"],
      );

      assert.equal(wasm.instanceEpoch(), epoch + 1, "nothing touches the new instance through the old one's objects:");

      const { signer: fixed, verifier: ofFixed } = await create({ tokenCache: false });
      const again = await fixed.sign();
      await ofFixed.verify(again);
      const checking = [ofFixed.verify(again), ofFixed.verify(again)];
      wasm.recoverFrom(trap());
      for (const { principal } of await Promise.all(checking)) assert.equal(principal.id, "user-1");
    },
  };
}
