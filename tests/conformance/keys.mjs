// Keys that outlive a verifier, by its own hand, in a store, or after a trap.

import { audience, clock, issuer, makeSigner, present } from "./sign.mjs";
import { deferred, makers } from "./verifiers.mjs";

export function tests(context) {
  const {
    arcgate: { JwtVerifier },
    wasm,
    assert,
  } = context;
  const { create, fetching, trap } = makers(context);

  return {
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

    "after a trap the next call works, on a fresh instance": async () => {
      const { signer, verifier, asked } = await fetching();
      const { verifier: other, signer: otherSigner } = await create();
      const token = await signer.sign();
      await verifier.verify(token);
      const epoch = wasm.epoch;
      assert.equal(wasm.recoverFrom(trap()), true);
      assert.equal(wasm.epoch, epoch + 1);

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
      const epoch = wasm.epoch;
      wasm.recoverFrom(trap());
      gate.resolve();
      assert.same(
        (await Promise.all(calls)).map(({ principal }) => principal.id),
        ["user-1", "user-2"],
      );

      assert.equal(wasm.epoch, epoch + 1, "nothing touches the new instance through the old one's objects:");

      const { signer: fixed, verifier: ofFixed } = await create({ tokenCache: false });
      const again = await fixed.sign();
      await ofFixed.verify(again);
      const checking = [ofFixed.verify(again), ofFixed.verify(again)];
      wasm.recoverFrom(trap());
      for (const { principal } of await Promise.all(checking)) assert.equal(principal.id, "user-1");
    },
  };
}
