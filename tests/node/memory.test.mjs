// Attack 27: linear memory stays flat, however many tokens are verified. ARCGATE_VERIFICATIONS sets how many.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { memory } from "../../pkg/platform/modules/verify.js";
import { audience, claims, issuer, jws, makeKey, refused, secretKey } from "../attacks/kit.mjs";

const COUNT = Number(process.env.ARCGATE_VERIFICATIONS ?? 100_000);
const secret = new Uint8Array(32).fill(7);
const key = secretKey("HS256", secret);
const pages = () => memory().buffer.byteLength / 65_536;

test(`attack 27: linear memory is flat over ${COUNT} verifications of distinct tokens`, async (t) => {
  const verifier = await JwtVerifier.create({ providers: { one: { issuer, audience, secret } } });
  const exp = Math.floor(Date.now() / 1000) + 7200;
  // Sizes vary, so that an allocator that can't reuse what is freed shows it.
  const token = (index) =>
    jws(key, claims({ exp, jti: `${index}`, sub: `user ${index % 1000}`, pad: "x".repeat((index * 37) % 700) }));
  const verify = async (from, to) => {
    for (let index = from; index < to; index += 50) {
      const batch = [];
      for (let one = index; one < Math.min(index + 50, to); one += 1) batch.push(verifier.verify(token(one)));
      await Promise.all(batch);
    }
  };
  // Until the cache of verified tokens is full, it grows.
  const warm = Math.min(COUNT / 4, 20_000);
  await verify(0, warm);
  const before = pages();
  const since = process.cpuUsage();
  await verify(warm, COUNT);
  const { user, system } = process.cpuUsage(since);
  t.diagnostic(
    `${before} pages of 64 KiB before, ${pages()} after; ${((user + system) / (COUNT - warm)).toFixed(1)} µs of CPU a token, signing included`,
  );
  // Sizes that vary make the allocator take a page more once in a million tokens. The least leak, of 16 bytes a token, would
  // take 24 pages in 100,000.
  assert.ok(pages() <= before + 2, `${before} pages, then ${pages()}`);
});

test("attack 27: linear memory is flat over refusals, and keys that come and go", async () => {
  const keys = ["ES256", "EdDSA"].map((alg) => makeKey(alg));
  const good = jws(keys[0], claims());
  const forged = `${good.slice(0, -4)}AAAA`;
  let now = Date.now();
  // One verifier whose provider changes its keys all the time, and is asked for keys that it doesn't have.
  let turn = 0;
  const churning = await JwtVerifier.create({
    providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
    clockToleranceSec: 600,
    now: () => now,
    fetch: async () =>
      Response.json({ keys: keys.map(({ jwk }) => ({ ...jwk, kid: `${jwk.kid}${turn++ % 64 ? "" : turn}` })) }),
  });
  const churn = async () => {
    now = Date.now() + (turn % 50) * 6_000;
    await churning.verify(good).catch(() => {});
    await refused(churning.verify(forged), ["ERR_TOKEN_SIGNATURE", "ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"]);
    await refused(churning.verify("x".repeat(20_000)), "ERR_TOKEN_MALFORMED");
  };
  for (let index = 0; index < 200; index += 1) await churn();
  const before = pages();
  for (let index = 0; index < 2_000; index += 1) await churn();
  assert.equal(pages(), before);
});

test("attack 27: a verifier that nobody holds any more gives its memory back", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const round = async (index) => {
    const verifier = await JwtVerifier.create({ providers: { one: { issuer, audience, secret } } });
    await verifier.verify(jws(key, claims({ jti: `${index}` })));
    if (index % 50 !== 0) return;
    collect();
    // What the collector found is freed in a task of its own.
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  for (let index = 0; index < 400; index += 1) await round(index);
  const before = pages();
  for (let index = 0; index < 2_000; index += 1) await round(index);
  t.diagnostic(`${before} pages after 400 verifiers, ${pages()} after 2400`);
  assert.ok(pages() < before + 100, `${before} ${pages()}`);
});
