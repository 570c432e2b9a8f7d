// Using a verifier: at once, again and again, with what is no token, given up; and what it tells.

import { audience, clock, issuer, makeSigner, present } from "./sign.mjs";
import { deferred, makers } from "./verifiers.mjs";

export function tests(context) {
  const {
    arcgate: { JwtVerifier, ready, version, ArcgateError },
    wasm,
    assert,
  } = context;
  const { create, fetching } = makers(context);

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
  };
}
