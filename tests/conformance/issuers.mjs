// One provider with many issuers, with keys that have no names, or on its way from a shared secret to public keys.

import { audience, clock, encode, issuer, makeSigner, network, present } from "./sign.mjs";

const template = `${issuer}/{tenantid}/v2.0`;
const of = (tenant) => ({ iss: `${issuer}/${tenant}/v2.0`, tid: tenant });

export function tests({ arcgate: { JwtVerifier, verifyJws }, assert }) {
  const create = (provider, options = {}) =>
    JwtVerifier.create({ providers: { p: { issuer, audience, ...provider } }, now: clock, ...options });
  const nameless = async (count) => {
    const signers = await Promise.all(Array.from({ length: count }, () => makeSigner()));
    const keys = signers.map(({ jwk: { kid, ...jwk } }) => jwk);
    return { keys, sign: (index, claims) => signers[index].sign(claims, { kid: undefined }) };
  };

  return {
    "tenants: those that are listed are let in, each as its own issuer": async () => {
      for (const tokenCache of [undefined, false]) {
        const signer = await makeSigner();
        const jwks = { keys: [signer.jwk] };
        const verifier = await create({ issuer: template, tenants: ["t-1", "t-2"], jwks }, { tokenCache });
        const principals = [];
        for (const tenant of ["t-1", "t-2", "t-1"]) {
          const token = await signer.sign(of(tenant));
          const { principal, claims, header, scopes } = await verifier.verify(token);
          assert.same([principal.issuer, claims.tid, header.kid, scopes], [of(tenant).iss, tenant, "key-1", []]);
          assert.same(await verifier.authenticate({ scheme: "bearer", token }), principal);
          assert.ok(principal.key.includes(of(tenant).iss), principal.key);
          principals.push(principal.key);
        }
        assert.ok(principals[0] !== principals[1] && principals[0] === principals[2], principals.join(" "));
        // An odd id, scopes and labels beside the issuer: each in its place.
        const odd = await verifier.verify(await signer.sign({ ...of("t-2"), sub: "é|%", scope: "a b\nc" }));
        assert.same([odd.principal.id, odd.principal.issuer], ["é|%", of("t-2").iss]);
      }
    },

    "tenants: others, and tokens that say two things, are refused with both issuers": async () => {
      const signer = await makeSigner();
      const verifier = await create({ issuer: template, tenants: ["t-1", "t-2"], jwks: { keys: [signer.jwk] } });
      for (const claims of [
        of("t-3"),
        { ...of("t-1"), tid: "t-2" },
        { ...of("t-1"), tid: undefined },
        { ...of("t-1"), tid: ["t-1"] },
        { ...of("T-1") },
        { iss: template, tid: "{tenantid}" },
        { iss: `${issuer}//v2.0`, tid: "" },
        { iss: `${issuer}/t-1/../t-2/v2.0`, tid: "t-1/../t-2" },
        { iss: issuer, tid: "t-1" },
      ]) {
        const error = await assert.refused(verifier.verify(await signer.sign(claims)), "ERR_TOKEN_ISSUER");
        assert.ok(error.message.includes(claims.iss) && error.message.includes(template), error.message);
      }
      const any = await create({ issuer: template, tenants: "any", jwks: { keys: [signer.jwk] } });
      await any.verify(await signer.sign(of("t-3")));
      await assert.refused(any.verify(await signer.sign({ ...of("t-3"), tid: "t-4" })), "ERR_TOKEN_ISSUER");
    },

    "tenants: the keys are found by the document for all, or the one at discoveryUrl": async () => {
      const signer = await makeSigner();
      const elsewhere = "https://elsewhere.example/metadata";
      for (const [place, named, options] of [
        [`${issuer}/common/v2.0/.well-known/openid-configuration`, template, {}],
        [elsewhere, template, { discoveryUrl: elsewhere }],
        [elsewhere, of("t-1").iss, { discoveryUrl: elsewhere }],
      ]) {
        const documents = {
          [place]: { issuer: named, jwks_uri: `${issuer}/keys` },
          [`${issuer}/keys`]: { keys: [signer.jwk] },
        };
        const { fetch, asked } = network(documents);
        const verifier = await create({ issuer: template, tenants: ["t-1"], ...options }, { fetch });
        await verifier.verify(await signer.sign(of("t-1")));
        assert.same(asked, [place, `${issuer}/keys`]);
      }
      const { fetch } = network({ [elsewhere]: { issuer: of("t-9").iss, jwks_uri: `${issuer}/keys` } });
      const verifier = await create({ issuer: template, tenants: ["t-1"], discoveryUrl: elsewhere }, { fetch });
      const refusal = assert.refused(verifier.verify(await signer.sign(of("t-1"))), "ERR_JWKS_UNAVAILABLE", /t-9/);
      assert.ok((await refusal).message.includes(template));
    },

    "tenants: a key that is one issuer's signs for no other": async () => {
      const [all, one] = [await makeSigner("all"), await makeSigner("one")];
      const keys = [
        { ...all.jwk, issuer: template },
        { ...one.jwk, issuer: of("t-1").iss },
      ];
      const verifier = await create({ issuer: template, tenants: "any", jwks: { keys } });
      await verifier.verify(await all.sign(of("t-2")));
      await verifier.verify(await one.sign(of("t-1")));
      await assert.refused(verifier.verify(await one.sign(of("t-2"))), "ERR_KEY_NOT_FOUND", /one/);
      // The same for a provider of one issuer, and for keys that come out of a snapshot.
      const { fetch } = network({ [`${issuer}/keys`]: { keys } });
      const remote = await create({ issuer: of("t-2").iss, jwksUri: `${issuer}/keys` }, { fetch });
      await remote.verify(await all.sign(of("t-2")));
      await assert.refused(remote.verify(await one.sign(of("t-2"))), "ERR_KEY_NOT_FOUND");
      const other = await create({ issuer: of("t-2").iss, jwksUri: `${issuer}/keys` }, { fetch: network({}).fetch });
      other.importKeys(remote.exportKeys());
      await other.verify(await all.sign(of("t-2")));
      const [{ jwks }] = other.exportKeys();
      assert.same(
        jwks.keys.map((key) => key.issuer),
        keys.map((key) => key.issuer),
      );
    },

    "discoveryUrl: the document has its own address, and still names the issuer": async () => {
      const signer = await makeSigner();
      const place = "https://b2c.example/policy/v2.0/.well-known/openid-configuration";
      const documents = { [place]: { issuer, jwks_uri: `${issuer}/keys` }, [`${issuer}/keys`]: { keys: [signer.jwk] } };
      const { fetch, asked } = network(documents);
      await (await create({ discoveryUrl: place }, { fetch })).verify(await signer.sign());
      assert.same(asked, [place, `${issuer}/keys`]);
      const wrong = network({ ...documents, [place]: { issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` } });
      const refused = (await create({ discoveryUrl: place }, { fetch: wrong.fetch })).verify(await signer.sign());
      await assert.refused(refused, "ERR_JWKS_UNAVAILABLE", /slash/);
      assert.same(wrong.asked, [place]);
    },

    "keys without names: each of up to four is tried, for a token without a name": async () => {
      for (const tokenCache of [undefined, false]) {
        const { keys, sign } = await nameless(4);
        const { fetch } = network({ [`${issuer}/keys`]: { keys } });
        const verifier = await create({ jwksUri: `${issuer}/keys` }, { fetch, tokenCache });
        for (const index of [3, 0, 2, 1, 3]) await verifier.verify(await sign(index, { sub: `user-${index}` }));
        // Together, so that one's tries stand between another's.
        const both = await Promise.all(
          [0, 1, 2, 3].map(async (index) => verifier.verify(await sign(index, { jti: "x" }))),
        );
        assert.same(
          both.map(({ claims }) => claims.jti),
          ["x", "x", "x", "x"],
        );
        const stranger = await nameless(1);
        await assert.refused(verifier.verify(await stranger.sign(0)), "ERR_TOKEN_SIGNATURE");
        await assert.refused(verifier.verify(await sign(3, { exp: present - 60 })), "ERR_TOKEN_EXPIRED");
      }
    },

    "keys without names: five are too many to try, and one with a name among them is not to be guessed at":
      async () => {
        const { keys, sign } = await nameless(5);
        const five = await create({ jwks: { keys } });
        await assert.refused(five.verify(await sign(0)), "ERR_KEY_NOT_FOUND", /at most 4/);
        const mixed = await create({ jwks: { keys: [keys[0], { ...keys[1], kid: "named" }] } });
        await assert.refused(mixed.verify(await sign(0)), "ERR_KEY_NOT_FOUND", /`kid`/);
      },

    "keys without names: one that WebCrypto refuses is passed over": async () => {
      const { keys, sign } = await nameless(3);
      keys[1] = { ...keys[1], y: keys[1].x };
      const verifier = await create({ jwks: { keys } });
      await verifier.verify(await sign(2));
      await verifier.verify(await sign(0));
      await assert.refused(verifier.verify(await sign(1)), "ERR_TOKEN_SIGNATURE");
    },

    "keys without names: a rotated one is found as soon as the provider may be asked, and forgeries are no outage":
      async () => {
        const { keys, sign } = await nameless(2);
        const forger = await nameless(1);
        let published = [keys[0]];
        let seconds = present;
        const { fetch, asked } = network({ [`${issuer}/keys`]: () => ({ keys: published }) });
        const verifier = await create(
          { jwksUri: `${issuer}/keys` },
          { fetch, now: () => seconds * 1000, tokenCache: false },
        );
        await verifier.verify(await sign(0));
        published = [keys[1]];
        // Not so soon after the last time: what is not signed by a known key is refused, not called an outage.
        seconds += 2;
        await assert.refused(verifier.verify(await sign(1)), "ERR_TOKEN_SIGNATURE");
        seconds += 4;
        await verifier.verify(await sign(1));
        await assert.refused(verifier.verify(await sign(0)), "ERR_TOKEN_SIGNATURE");
        assert.equal(asked.length, 2);
        // However many come, one request per cooldown.
        for (let count = 0; count < 12; count += 1) {
          seconds += 1;
          await assert.refused(verifier.verify(await forger.sign(0, { jti: `${count}` })), "ERR_TOKEN_SIGNATURE");
        }
        assert.ok(asked.length <= 5, `${asked.length} requests`);
        await verifier.verify(await sign(1));
      },

    "keys without names: verifyJws tries them too": async () => {
      const { keys, sign } = await nameless(4);
      const options = { algorithms: ["ES256"] };
      for (const index of [0, 3]) await verifyJws(await sign(index), { keys }, options);
      await assert.refused(verifyJws(await (await nameless(1)).sign(0), { keys }, options), "ERR_TOKEN_SIGNATURE");
      const five = { keys: [...keys, ...(await nameless(1)).keys] };
      await assert.refused(verifyJws(await sign(0), five, options), "ERR_KEY_NOT_FOUND");
      const withBad = { keys: [{ ...keys[0], y: keys[0].x }, keys[1]] };
      await verifyJws(await sign(1), withBad, options);
    },

    "a secret and public keys under one issuer: each for its own algorithms, when both are listed": async () => {
      const signer = await makeSigner();
      const secret = crypto.getRandomValues(new Uint8Array(32));
      const hmac = await hmacSigner(secret);
      const { fetch, asked } = network({ [`${issuer}/keys`]: { keys: [signer.jwk] } });
      const both = { secret, algorithms: ["HS256", "ES256"] };
      for (const [provider, requests] of [
        [{ ...both, jwks: { keys: [signer.jwk] } }, 0],
        [{ ...both, jwksUri: `${issuer}/keys` }, 1],
      ]) {
        for (const tokenCache of [undefined, false]) {
          asked.length = 0;
          const verifier = await create(provider, { fetch, tokenCache });
          await verifier.verify(await hmac.sign());
          assert.equal(asked.length, 0, "the secret needs no network:");
          await verifier.verify(await signer.sign());
          await verifier.verify(await hmac.sign({ sub: "other" }));
          await verifier.verify(await hmac.sign({ sub: "other" }));
          assert.equal(asked.length, requests);
          // The public key is nobody's secret: not its JSON, not its coordinates.
          for (const bytes of [JSON.stringify(signer.jwk), signer.jwk.x, "x".repeat(32)]) {
            const forged = await (await hmacSigner(new TextEncoder().encode(bytes))).sign({}, { kid: signer.jwk.kid });
            await assert.refused(verifier.verify(forged), "ERR_TOKEN_SIGNATURE");
          }
          await assert.refused(verifier.verify(await hmac.sign({}, { alg: "HS384" })), "ERR_TOKEN_ALGORITHM");
        }
      }
      const alone = await create({ secret });
      await assert.refused(alone.verify(await signer.sign()), "ERR_TOKEN_ALGORITHM", /`algorithms`/);
      const moved = await create({ jwks: { keys: [signer.jwk] } });
      await assert.refused(moved.verify(await hmac.sign()), "ERR_TOKEN_ALGORITHM", /`secret`.*`algorithms`/);
    },
  };
}

async function hmacSigner(bytes) {
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const sign = async (claims = {}, header = {}) => {
    const all = { iss: issuer, aud: audience, sub: "user-1", iat: present - 10, exp: present + 300, ...claims };
    const input = `${encode(JSON.stringify({ alg: "HS256", ...header }))}.${encode(JSON.stringify(all))}`;
    return `${input}.${encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(input))))}`;
  };
  return { sign };
}
