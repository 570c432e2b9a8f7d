// The known attacks on JWT verifiers, on the package as it is installed: real keys, real signatures, real servers.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { CompactEncrypt, EncryptJWT } from "jose";
import * as core from "../../pkg/core.js";
import { ArcgateError, authenticateRequest, errorResponse, JwtVerifier, verifyJws } from "../../pkg/entry.node.js";
import { memory } from "../../pkg/wasm.js";
import {
  audience,
  base64url,
  claims,
  countingOptions,
  issuer,
  jws,
  makeKey,
  onEvent,
  refused,
  secretKey,
  serve,
  shownBy,
  signature,
  takeRefusals,
} from "../attacks/kit.mjs";

const rsa = makeKey("RS256", "rsa");
const es256 = makeKey("ES256", "p256");
const es384 = makeKey("ES384", "p384");
const es512 = makeKey("ES512", "p521");
const ed = makeKey("EdDSA", "ed");
const evil = makeKey("RS256", "rsa");
const keys = [rsa, es256, es384, es512, ed];
const secret = Buffer.from("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const jwks = { keys: keys.map(({ jwk }) => jwk) };
const local = (options = {}, provider = {}) =>
  JwtVerifier.create({ providers: { one: { issuer, audience, jwks, ...provider } }, onEvent, ...options });
const shared = (options = {}) =>
  JwtVerifier.create({ providers: { one: { issuer, audience, secret: new Uint8Array(secret) } }, onEvent, ...options });

async function remote(options) {
  const counting = countingOptions(keys, { onEvent, ...options });
  const { fetched, ...rest } = counting;
  return { verifier: await JwtVerifier.create(rest), fetched };
}

/** Expects a refusal that looks for no key: zero requests. */
const refusedAtOnce = (verifier, fetched, token, code) =>
  refused(() => verifier.verify(token), code, { token, fetched, fetches: 0 });

test("the attacker's own kit makes tokens that are accepted", async () => {
  const verifier = await local();
  for (const key of keys) assert.equal((await verifier.verify(jws(key, claims()))).principal.id, "alice");
  for (const alg of ["RS384", "RS512", "PS256", "PS384", "PS512"]) {
    await verifier.verify(jws({ ...rsa, alg }, claims()));
  }
  await verifier.verify(jws({ ...ed, alg: "Ed25519" }, claims()));
  const hmac = await shared();
  for (const alg of ["HS256", "HS384", "HS512"]) await hmac.verify(jws(secretKey(alg, secret), claims()));
});

test("attack 01: alg none in any case, missing alg, empty signature: zero requests", async () => {
  const { verifier, fetched } = await remote();
  const payload = base64url(claims());
  const good = jws(rsa, claims()).split(".")[2];
  for (const header of [
    { alg: "none" },
    { alg: "None" },
    { alg: "NONE" },
    { alg: "nOnE" },
    { alg: "none", kid: "rsa" },
    { alg: "" },
    { alg: null },
    { alg: ["none"] },
    {},
    { typ: "JWT" },
  ]) {
    for (const last of ["", good]) {
      await refusedAtOnce(verifier, fetched, `${base64url(header)}.${payload}.${last}`, "ERR_TOKEN_ALGORITHM");
    }
  }
  for (const alg of ["RS256", "PS512", "ES256", "ES512", "EdDSA"]) {
    const head = `${base64url({ alg, kid: "rsa" })}.${payload}`;
    await refusedAtOnce(verifier, fetched, `${head}.`, "ERR_TOKEN_SIGNATURE");
    await refusedAtOnce(verifier, fetched, head, "ERR_TOKEN_MALFORMED");
  }
  assert.equal(fetched.length, 0);
});

test("attack 02: a public key as the secret of an HMAC, in any of its spellings", async () => {
  const { verifier, fetched } = await remote();
  const pem = rsa.publicKey.export({ format: "pem", type: "spki" });
  const spellings = [
    pem,
    pem.trim(),
    `\n${pem}`,
    ` ${pem}`,
    `${pem}\n`,
    pem.replaceAll("\n", "\r\n"),
    rsa.publicKey.export({ format: "pem", type: "pkcs1" }),
    rsa.publicKey.export({ format: "der", type: "spki" }),
    JSON.stringify(rsa.jwk),
    JSON.stringify(jwks),
    Buffer.from(rsa.jwk.n, "base64url"),
    rsa.jwk.n,
    "",
  ];
  for (const spelling of spellings) {
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const key = { alg, secret: Buffer.from(spelling), kid: "rsa" };
      const token = jws(key, claims());
      await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_ALGORITHM");
      // Where the caller allows both by mistake, the key still says what it is for.
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256", alg] }), "ERR_KEY_NOT_FOUND", { token });
      await refused(verifyJws(token, jwks, { algorithms: ["RS256", alg] }), "ERR_KEY_NOT_FOUND", { token });
    }
  }
  await refused(local({}, { algorithms: ["RS256", "HS256"] }), "ERR_CONFIG");
  const hmac = await shared();
  await refused(hmac.verify(jws(rsa, claims())), "ERR_TOKEN_ALGORITHM");
});

test("attack 03: keys that the token brings along, or points to, are not looked at", async () => {
  const target = await serve((_request, response) => response.end(JSON.stringify({ keys: [evil.jwk] })));
  try {
    const pem = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
    for (const header of [
      { jwk: evil.jwk },
      { jku: `${target.url}/keys` },
      { x5u: `${target.url}/cert` },
      { x5c: [pem] },
      { jwk: evil.jwk, jku: `${target.url}/keys`, x5u: `${target.url}/cert`, x5c: [pem] },
    ]) {
      const { verifier, fetched } = await remote();
      const token = jws(evil, claims(), header);
      await refused(() => verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token, fetched, fetches: 1 });
      const unknown = jws({ ...evil, kid: "evil" }, claims(), header);
      await refused(verifier.verify(unknown), ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"], { token: unknown });
      assert.deepEqual(fetched, [`${issuer}/keys`]);
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_SIGNATURE", { token });
    }
    assert.equal(target.requests.length, 0, "nobody was asked");
  } finally {
    await target.close();
  }
});

describe("attack 04: what is fetched, and from where", () => {
  test("attack 04: an unknown issuer is not asked", async () => {
    const target = await serve((_request, response) => response.end("{}"));
    try {
      const { verifier, fetched } = await remote();
      for (const iss of [
        target.url,
        "https://evil.example",
        `${issuer}/`,
        "http://169.254.169.254/latest",
        "",
        `${issuer}@${target.url}`,
      ]) {
        await refusedAtOnce(verifier, fetched, jws(evil, claims({ iss })), "ERR_TOKEN_ISSUER");
      }
      assert.equal(target.requests.length, 0);
    } finally {
      await target.close();
    }
  });

  const withServer = async (handle, work, provider = (url) => ({ jwksUri: `${url}/keys` })) => {
    const server = await serve(handle);
    try {
      const verifier = await JwtVerifier.create({
        providers: { one: { issuer: server.url, audience, ...provider(server.url) } },
        jwksCache: { timeoutMs: 300 },
        onEvent,
      });
      const token = jws(rsa, claims({ iss: server.url }));
      await work({ verifier, token, server });
    } finally {
      await server.close();
    }
  };
  const unavailable = async ({ verifier, token, server }, requests = 1) => {
    const error = await refused(verifier.verify(token), "ERR_JWKS_UNAVAILABLE", { token });
    assert.equal(error.retryable, true);
    assert.ok(error.details.retryAfterSec >= 1);
    // Everybody else is told the same without another request.
    for (let index = 0; index < 5; index += 1) await refused(verifier.verify(token), "ERR_JWKS_UNAVAILABLE", { token });
    assert.equal(server.requests.length, requests);
    return error;
  };
  // Metadata may have two places, and each is asked once.
  const nowhere = (at) => unavailable(at, 2);
  // Not by the clock: because it is too large.
  const tooLarge = async (at) => assert.match((await unavailable(at)).message, /more than is read/);

  for (const status of [301, 302, 303, 307, 308]) {
    test(`attack 04: a redirect (${status}) is not followed`, async () => {
      const target = await serve((_request, response) => response.end(JSON.stringify(jwks)));
      try {
        await withServer(
          (_request, response) => response.writeHead(status, { location: `${target.url}/keys` }).end(),
          unavailable,
        );
        assert.equal(target.requests.length, 0);
      } finally {
        await target.close();
      }
    });
  }

  test("attack 04: a redirect of the discovery document is not followed", async () => {
    const target = await serve((_request, response) => response.end("{}"));
    try {
      await withServer(
        (_request, response) => response.writeHead(302, { location: target.url }).end(),
        nowhere,
        () => ({}),
      );
      assert.equal(target.requests.length, 0);
    } finally {
      await target.close();
    }
  });

  test("attack 04: a discovery document of somebody else leads nowhere", async () => {
    const target = await serve((_request, response) => response.end(JSON.stringify({ keys: [evil.jwk] })));
    try {
      const document = JSON.stringify({ issuer: target.url, jwks_uri: `${target.url}/keys` });
      await withServer(
        (_request, response) => response.end(document),
        nowhere,
        () => ({}),
      );
      assert.equal(target.requests.length, 0);
    } finally {
      await target.close();
    }
  });

  test("attack 04: a body without end is cut off", async () => {
    let sent = 0;
    let closed;
    const ended = new Promise((resolve) => {
      closed = resolve;
    });
    const chunk = Buffer.alloc(64 * 1024, " ");
    await withServer((_request, response) => {
      response.on("close", closed);
      const pump = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        if (!response.destroyed) response.once("drain", pump);
      };
      pump();
    }, tooLarge);
    await ended;
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
  });

  test("attack 04: a length that says too much is believed", async () => {
    await withServer(
      (_request, response) => response.writeHead(200, { "content-length": 10 << 20 }).flushHeaders(),
      tooLarge,
    );
  });

  test("attack 04: a server that does not answer, or stops in the middle, is given up", async () => {
    await withServer(() => {}, unavailable);
    await withServer((_request, response) => response.write('{"keys":['), unavailable);
    await withServer((request) => request.socket.destroy(), unavailable);
  });

  test("attack 04: configured URLs are https, or this machine's", async () => {
    for (const jwksUri of [
      "http://one.example/keys",
      "ftp://one.example",
      "file:///etc/passwd",
      "data:,{}",
      "https://a:b@one.example/",
      "//one.example",
    ]) {
      await refused(local({}, { jwks: undefined, jwksUri }), "ERR_CONFIG");
    }
  });

  test("attack 04: when discovery fails, keys are fetched from where they were", async () => {
    let now = Date.now();
    let failing = false;
    const fetched = [];
    const verifier = await JwtVerifier.create({
      providers: { one: { issuer, audience } },
      now: () => now,
      fetch: async (url) => {
        fetched.push(String(url).replace(issuer, ""));
        if (String(url).endsWith("/keys")) return Response.json(jwks);
        if (failing) throw new TypeError("no route to host");
        return Response.json({ issuer, jwks_uri: `${issuer}/keys` });
      },
    });
    const token = () => jws(rsa, claims({ iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + 600 }));
    await verifier.verify(token());
    now += 25 * 3600 * 1000;
    failing = true;
    await verifier.verify(token());
    const discovery = "/.well-known/openid-configuration";
    assert.deepEqual(fetched, [discovery, "/keys", discovery, "/keys"]);
  });
});

test("attack 05: kid as a path, as SQL, as a prototype's member, of another type, of 1 MB", async () => {
  const { verifier, fetched } = await remote();
  for (const kid of ["__proto__", "constructor", "toString", "../../etc/passwd", "x' OR '1'='1", "rsa\0", "RSA", ""]) {
    const token = jws({ ...rsa, kid }, claims(), { kid });
    await refused(verifier.verify(token), ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"], { token });
  }
  assert.equal(fetched.length, 1);
  for (const kid of [0, 1.5, true, null, [], ["rsa"], {}, { rsa: 1 }, "k".repeat(257), "k".repeat(1 << 20)]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { kid }), "ERR_TOKEN_MALFORMED");
  }
  await verifier.verify(jws(rsa, claims()));
  assert.equal(fetched.length, 1);
});

describe("attack 06: signatures that are none", () => {
  const number = (value, length) => Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
  const orders = {
    p256: ORDER_P256,
    p384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    p521: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
  };

  for (const [key, size] of [
    [es256, 32],
    [es384, 48],
    [es512, 66],
  ]) {
    test(`attack 06: psychic signatures, ${key.alg}`, async () => {
      const verifier = await local();
      const head = jws(key, claims()).split(".").slice(0, 2).join(".");
      const n = orders[key.kid];
      const largest = (1n << BigInt(8 * size)) - 1n;
      for (const r of [0n, 1n, n - 1n, n, n + 1n, largest]) {
        for (const s of [0n, 1n, n - 1n, n, n + 1n, largest]) {
          const token = `${head}.${base64url(Buffer.concat([number(r, size), number(s, size)]))}`;
          await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
          await refused(verifyJws(token, key.jwk, { algorithms: [key.alg] }), "ERR_TOKEN_SIGNATURE", { token });
        }
      }
    });

    test(`attack 06: DER and other lengths, ${key.alg}`, async () => {
      const verifier = await local();
      const [head, good] = split(jws(key, claims()));
      const { sign } = await import("node:crypto");
      const der = sign(`sha${key.alg.slice(2)}`, Buffer.from(head), key.privateKey);
      const bytes = Buffer.from(good, "base64url");
      for (const other of [
        der,
        bytes.subarray(0, -1),
        bytes.subarray(1),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.concat([bytes, bytes]),
        bytes.subarray(0, size),
        Buffer.alloc(10_000),
      ]) {
        await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
      await refused(verifier.verify(`${head}.${base64url(Buffer.alloc(21_800))}`), "ERR_TOKEN_MALFORMED");
    });
  }

  test("attack 06: RSA, Ed25519 and HMAC", async () => {
    const verifier = await local();
    const modulus = BigInt(`0x${Buffer.from(rsa.jwk.n, "base64url").toString("hex")}`);
    for (const alg of ["RS256", "PS256"]) {
      const [head, good] = split(jws({ ...rsa, alg }, claims()));
      const value = BigInt(`0x${Buffer.from(good, "base64url").toString("hex")}`);
      const others = [0n, 1n, modulus - 1n, modulus, modulus - value].map((value) => number(value, 256));
      for (const other of [...others, number(value, 257), number(value, 255).subarray(0, 255), Buffer.alloc(512)]) {
        await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
    }
    const [head, good] = split(jws(ed, claims()));
    const bytes = Buffer.from(good, "base64url");
    // S + L: the malleable twin, which RFC 8032 forbids.
    const L = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + L;
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(number(s, 32)).reverse()]);
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    for (const other of [twin, Buffer.alloc(64), identity, bytes.subarray(0, 63), Buffer.alloc(32)]) {
      await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
    }
    const hmac = await shared();
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const [head, good] = split(jws(secretKey(alg, secret), claims()));
      const bytes = Buffer.from(good, "base64url");
      for (const other of [bytes.subarray(0, 16), bytes.subarray(0, -1), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
        await refused(hmac.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
      bytes[bytes.length - 1] ^= 1;
      await refused(hmac.verify(`${head}.${base64url(bytes)}`), "ERR_TOKEN_SIGNATURE");
    }
  });
});

describe("attack 07: another spelling of a good token", () => {
  test("attack 07: base64url has one", async () => {
    const { verifier, fetched } = await remote();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const key of keys) {
      const token = jws(key, claims());
      await verifier.verify(token);
      const before = fetched.length;
      const last = alphabet.indexOf(token.at(-1));
      const variants = [
        `${token}=`,
        `${token}==`,
        `${token}\n`,
        `\n${token}`,
        `${token} `,
        `${token}\0`,
        `${token}.`,
        token.replaceAll(".", ". "),
      ];
      // The spare bits of the signature's last character.
      const spare = { 2: 4, 3: 2 }[token.split(".")[2].length % 4] ?? 0;
      for (let bits = 1; bits < 1 << spare; bits += 1) variants.push(token.slice(0, -1) + alphabet[last | bits]);
      const standard = token.replaceAll("-", "+").replaceAll("_", "/");
      if (standard !== token) variants.push(standard);
      for (const variant of variants)
        await refused(verifier.verify(variant), "ERR_TOKEN_MALFORMED", { token: variant });
      assert.equal(fetched.length, before);
    }
  });

  test("attack 07: a high s is ECDSA, and nothing that was decided about its twin holds for it", async () => {
    const asked = [];
    const verifier = await local({ isRevoked: ({ claims: { jti } }) => asked.push(jti) && jti === "revoked" });
    const twinOf = (token) => {
      const [head, good] = split(token);
      const bytes = Buffer.from(good, "base64url");
      const s = ORDER_P256 - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
      bytes.set(Buffer.from(s.toString(16).padStart(64, "0"), "hex"), 32);
      return `${head}.${base64url(bytes)}`;
    };
    const token = jws(es256, claims({ jti: "one" }));
    await verifier.verify(token);
    assert.notEqual(twinOf(token), token);
    await verifier.verify(twinOf(token));
    assert.deepEqual(asked, ["one", "one"]);
    // What is revoked is the token's name, in whichever spelling it comes.
    const revoked = jws(es256, claims({ jti: "revoked" }));
    await refused(verifier.verify(revoked), "ERR_TOKEN_REVOKED", { token: revoked });
    await refused(verifier.verify(twinOf(revoked)), "ERR_TOKEN_REVOKED", { token: revoked });
  });
});

test("attack 08: critical extensions and b64, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const header of [
    { crit: ["x"], x: 1 },
    { crit: ["x"] },
    { crit: [] },
    { crit: ["exp"], exp: 1 },
    { crit: ["b64"], b64: false },
    { crit: ["b64"], b64: true },
    { crit: null },
    { crit: "b64" },
    { b64: false },
    { b64: true },
    { b64: null },
  ]) {
    const token = jws(rsa, claims(), header);
    await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
  }
  // RFC 7797: the payload unencoded, and signed so.
  const head = base64url({ alg: "RS256", kid: "rsa", b64: false, crit: ["b64"] });
  const input = `${head}.${JSON.stringify(claims())}`;
  const token = `${input}.${base64url(signature(rsa, Buffer.from(input)))}`;
  await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
});

test("attack 09: dates of another type or out of range, well signed", async () => {
  const verifier = await local();
  for (const name of ["exp", "nbf", "iat"]) {
    // What says nothing is absent, and `nbf` may be.
    const nothing = name === "nbf" ? [] : [null, "", []];
    for (const value of ["9999999999", true, [1], {}, -1, 1e300, Date.now() * 1000, ...nothing]) {
      const token = jws(rsa, claims({ [name]: value }));
      await refused(verifier.verify(token), "ERR_TOKEN_CLAIM", { token });
    }
    for (const value of ["1e400", "-1e400", "NaN", "Infinity"]) {
      const token = jws(rsa, JSON.stringify(claims({ [name]: 77 })).replace("77", value));
      await refused(verifier.verify(token), "ERR_TOKEN_MALFORMED", { token });
    }
  }
  await refused(verifier.verify(jws(rsa, claims({ exp: 0 }))), "ERR_TOKEN_EXPIRED");
  // Milliseconds instead of seconds are no date far away, but a mistake.
  await refused(verifier.verify(jws(rsa, claims({ exp: Date.now() + 60_000 }))), "ERR_TOKEN_CLAIM");
});

test("attack 09: a clock that gives no time lets nobody in", async () => {
  for (const time of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, "now", {}, new Date(), 1800000000000n]) {
    const verifier = await local({ now: () => time }, { optionalClaims: ["iat"] });
    // Long expired, but not yet in 1970.
    const token = jws(rsa, claims({ exp: 1_000_000_000, iat: undefined }));
    await refused(verifier.verify(token), "ERR_CONFIG", { token });
  }
});

test("attack 10: iss and aud as lists and objects, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const iss of [
    [issuer],
    ["https://evil.example", issuer],
    { [issuer]: 1 },
    null,
    0,
    `${issuer}/`,
    issuer.toUpperCase(),
    ` ${issuer}`,
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims({ iss })), "ERR_TOKEN_ISSUER");
  }
  for (const aud of [
    [],
    {},
    null,
    0,
    "",
    "API",
    "api ",
    "other api",
    ["other"],
    ["api", 7],
    [["api"]],
    { 0: "api", length: 1 },
  ]) {
    const token = jws(rsa, claims({ aud }));
    await refused(verifier.verify(token), "ERR_TOKEN_AUDIENCE", { token });
  }
});

test("attack 11: members that stand twice, well signed", async () => {
  const { verifier, fetched } = await remote();
  const text = JSON.stringify(claims({ exp: 1 })).slice(0, -1);
  const later = Math.floor(Date.now() / 1000) + 600;
  for (const payload of [
    `${text},"exp":${later}}`,
    `${text},"\\u0065xp":${later}}`,
    `{"\\u0065xp":${later},${text.slice(1)}}`,
    `${text},"x":{"a":1,"\\u0061":2}}`,
    `${text},"sub":"root"}`,
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, payload), "ERR_TOKEN_MALFORMED");
  }
  for (const header of [
    '{"alg":"RS256","kid":"rsa","kid":"other"}',
    '{"alg":"none","\\u0061lg":"RS256","kid":"rsa"}',
  ]) {
    const token = jws(rsa, claims(), header);
    await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
  }
});

test("attack 12: size and nesting: refused without a request, and memory does not grow", async () => {
  const { verifier, fetched } = await remote();
  await refusedAtOnce(verifier, fetched, "x", "ERR_TOKEN_MALFORMED");
  const before = memory().buffer.byteLength;
  const large = [
    "a".repeat(1 << 20),
    ".".repeat(1_000_000),
    "é".repeat(1 << 20),
    "\ud800".repeat(20_000),
    "a.".repeat(500_000),
    jws(rsa, claims({ aud: Array.from({ length: 100_000 }, () => "x") })),
    jws(rsa, `{"x":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    `${jws(rsa, claims())}${"A".repeat(50 << 20)}`,
  ];
  for (const token of large) {
    for (let round = 0; round < 3; round += 1) {
      await refused(() => verifier.verify(token), "ERR_TOKEN_MALFORMED", { fetched, fetches: 0 });
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED");
    }
  }
  assert.equal(memory().buffer.byteLength, before, "linear memory");
  const nested = jws(rsa, `{"x":${"[".repeat(5_000)}${"]".repeat(5_000)}}`);
  await refusedAtOnce(verifier, fetched, nested, "ERR_TOKEN_MALFORMED");
});

test("attack 12: tokens that are no strings", async () => {
  const { verifier, fetched } = await remote();
  const token = jws(rsa, claims());
  for (const other of [
    undefined,
    null,
    7,
    {},
    [],
    [token],
    Buffer.from(token),
    Object(token),
    { toString: () => token },
    Symbol("x"),
    () => token,
  ]) {
    await refusedAtOnce(verifier, fetched, other, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(other, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED");
  }
});

test("attack 13: encrypted tokens in the place of signed ones", async () => {
  const { verifier, fetched } = await remote();
  const inner = `${base64url({ alg: "none" })}.${base64url(claims())}.`;
  const nested = await new CompactEncrypt(Buffer.from(inner))
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT", kid: "rsa" })
    .encrypt(rsa.publicKey);
  const plain = await new EncryptJWT(claims())
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "rsa" })
    .encrypt(rsa.publicKey);
  const direct = await new EncryptJWT(claims())
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(new Uint8Array(32));
  for (const token of [nested, plain, direct]) {
    const error = await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    assert.match(error.message, /JWE/);
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
    for (const part of [token.split(".").slice(0, 3).join("."), token.split(".").slice(0, 4).join(".")]) {
      await refusedAtOnce(verifier, fetched, part, ["ERR_TOKEN_MALFORMED", "ERR_TOKEN_ALGORITHM"]);
    }
  }
  // A JWS around another token is no set of claims.
  await refusedAtOnce(verifier, fetched, jws(rsa, jws(rsa, claims()), { cty: "JWT" }), "ERR_TOKEN_MALFORMED");
});

test("attack 14: password iterations and compression are not there to be abused", async () => {
  const { verifier, fetched } = await remote();
  const header = { alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "AAAAAAAAAAA", p2c: 2 ** 31 - 1 };
  await refusedAtOnce(verifier, fetched, `${base64url(header)}.a.b.c.d`, "ERR_TOKEN_MALFORMED");
  await refusedAtOnce(verifier, fetched, `${base64url(header)}.${base64url(claims())}.AAAA`, "ERR_TOKEN_ALGORITHM");
  const { deflateRawSync } = await import("node:zlib");
  const bomb = deflateRawSync(Buffer.alloc(8 << 20, " "));
  await refusedAtOnce(verifier, fetched, jws(rsa, bomb, { zip: "DEF" }), "ERR_TOKEN_MALFORMED");
});

test("attack 15: other kinds of token, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const typ of [
    "dpop+jwt",
    "logout+jwt",
    "secevent+jwt",
    "oauth-authz-req+jwt",
    "token-introspection+jwt",
    "id_token",
    "JOSE",
    "at+jwt ",
    "",
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { typ }), "ERR_TOKEN_TYPE");
  }
  for (const typ of [null, 7, ["JWT"], {}]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { typ }), "ERR_TOKEN_MALFORMED");
  }
  const strict = await local({}, { typ: ["at+jwt"] });
  await strict.verify(jws(rsa, claims(), { typ: "application/at+jwt" }));
  await refused(strict.verify(jws(rsa, claims(), { typ: "JWT" })), "ERR_TOKEN_TYPE");
  await refused(strict.verify(jws(rsa, claims())), "ERR_TOKEN_TYPE");
  // A token that is bound to a key is no bearer token.
  await refused((await local()).verify(jws(rsa, claims({ cnf: { jkt: "x" } }))), "ERR_TOKEN_CLAIM");
});

describe("attack 16: the cache of verified tokens", () => {
  test("attack 16: revocation and the user's own check are asked on every use", async () => {
    let revoked = 0;
    let checked = 0;
    let answer = false;
    const verifier = await local({
      isRevoked: () => {
        revoked += 1;
        return answer;
      },
      checkClaims: () => void (checked += 1),
    });
    const token = jws(rsa, claims());
    for (let round = 1; round <= 3; round += 1) {
      await verifier.verify(token);
      assert.deepEqual([revoked, checked], [round, round]);
    }
    answer = true;
    await refused(verifier.verify(token), "ERR_TOKEN_REVOKED", { token });
    answer = false;
    await verifier.verify(token);
  });

  test("attack 16: scopes are asked on every use", async () => {
    const verifier = await local();
    const token = jws(rsa, claims({ scope: "read" }));
    await verifier.verify(token, { scopes: ["read"] });
    await refused(verifier.verify(token, { scopes: ["read", "write"] }), "ERR_TOKEN_SCOPE", { token });
    await verifier.verify(token);
    await refused(verifier.verify(token, { scopes: ["write"] }), "ERR_TOKEN_SCOPE", { token });
  });

  test("attack 16: nobody can change what somebody else gets", async () => {
    const verifier = await local();
    const token = jws(rsa, claims({ scope: "read", deep: { roles: ["user"] } }));
    const first = await verifier.verify(token);
    first.claims.sub = "root";
    first.claims.deep.roles.push("admin");
    first.scopes.push("write");
    first.header.alg = "none";
    first.principal.id = "root";
    first.principal.scopes?.push?.("write");
    const second = await verifier.verify(token);
    assert.equal(second.claims.sub, "alice");
    assert.deepEqual(second.claims.deep.roles, ["user"]);
    assert.deepEqual(second.scopes, ["read"]);
    assert.deepEqual(second.principal.scopes, ["read"]);
    assert.equal(second.header.alg, "RS256");
    assert.equal(second.principal.id, "alice");
    await refused(verifier.verify(token, { scopes: ["write"] }), "ERR_TOKEN_SCOPE", { token });
  });

  test("attack 16: the bytes of another payload, header or signature are another token", async () => {
    const verifier = await local();
    const token = jws(rsa, claims());
    await verifier.verify(token);
    const [header, payload, good] = token.split(".");
    const root = base64url(claims({ sub: "root" }));
    const bytes = Buffer.from(good, "base64url");
    bytes[0] ^= 1;
    for (const other of [
      `${header}.${root}.${good}`,
      `${base64url({ kid: "rsa", alg: "RS256" })}.${payload}.${good}`,
      `${header}.${payload}.${base64url(bytes)}`,
    ]) {
      await refused(verifier.verify(other), "ERR_TOKEN_SIGNATURE", { token: other });
    }
  });

  test("attack 16: verifiers share nothing", async () => {
    const token = jws(rsa, claims());
    await (await local()).verify(token);
    await refused((await local({}, { audience: "other" })).verify(token), "ERR_TOKEN_AUDIENCE", { token });
    await refused((await local({}, { jwks: { keys: [evil.jwk] } })).verify(token), "ERR_TOKEN_SIGNATURE", { token });
    await refused((await shared()).verify(token), "ERR_TOKEN_ALGORITHM", { token });
  });

  test("attack 16: a token ends with its time and with its key", async () => {
    let now = Date.now();
    let published = [rsa.jwk];
    const verifier = await JwtVerifier.create({
      providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
      now: () => now,
      fetch: async () => Response.json({ keys: published }),
      onEvent,
    });
    const start = Math.floor(now / 1000);
    const short = jws(rsa, claims({ exp: start + 60 }));
    const long = jws(rsa, claims({ exp: start + 7200 }));
    await verifier.verify(short);
    await verifier.verify(long);
    now = (start + 60 + 31) * 1000;
    await refused(verifier.verify(short), "ERR_TOKEN_EXPIRED", { token: short });
    published = [evil.jwk];
    now = (start + 700) * 1000;
    await refused(verifier.verify(long), "ERR_TOKEN_SIGNATURE", { token: long });
    published = [es256.jwk];
    now = (start + 1400) * 1000;
    await refused(verifier.verify(long), "ERR_KEY_NOT_FOUND", { token: long });
  });
});

test("attack 17: another issuer's key under the same kid", async () => {
  const other = "https://two.example";
  const verifier = await JwtVerifier.create({
    providers: {
      one: { issuer, audience, jwks: { keys: [rsa.jwk, { ...es256.jwk, kid: "same" }] } },
      two: { issuer: other, audience, jwks: { keys: [evil.jwk, { ...es384.jwk, kid: "same" }] } },
    },
    onEvent,
  });
  assert.equal((await verifier.verify(jws(rsa, claims()))).provider, "one");
  assert.equal((await verifier.verify(jws(evil, claims({ iss: other })))).provider, "two");
  for (const token of [jws(evil, claims()), jws(rsa, claims({ iss: other }))]) {
    await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
  }
  await refused(verifier.verify(jws({ ...es384, kid: "same" }, claims())), "ERR_KEY_NOT_FOUND");
  await refused(verifier.verify(jws({ ...es256, kid: "same" }, claims({ iss: other }))), "ERR_KEY_NOT_FOUND");
  // The same sub of two issuers is two principals.
  const [one, two] = [
    await verifier.verify(jws(rsa, claims())),
    await verifier.verify(jws(evil, claims({ iss: other }))),
  ];
  assert.notEqual(one.principal.key, two.principal.key);
});

test("attack 18: keys that WebCrypto refuses harm no other", async () => {
  const offCurve = { ...es256.jwk, kid: "off", y: base64url(Buffer.alloc(32, 1)) };
  const verifier = await local({}, { jwks: { keys: [offCurve, rsa.jwk, es256.jwk] } });
  await refused(verifier.verify(jws({ ...es256, kid: "off" }, claims())), "ERR_KEY_NOT_FOUND");
  await verifier.verify(jws(rsa, claims()));
  await verifier.verify(jws(es256, claims()));
  // Two keys of one name, the good one among them: neither is tried.
  const ambiguous = await local({}, { jwks: { keys: [rsa.jwk, evil.jwk] } });
  await refused(ambiguous.verify(jws(rsa, claims())), "ERR_KEY_NOT_FOUND");
});

test("attack 19: patterns are not options", async () => {
  await refused(local({}, { audience: /api/ }), "ERR_CONFIG");
  await refused(local({}, { audience: [/api/g] }), "ERR_CONFIG");
  await refused(local({}, { audience: () => true }), "ERR_CONFIG");
  await refused(local({}, { audience: undefined }), "ERR_CONFIG");
  await refused(local({}, { audience: [] }), "ERR_CONFIG");
  await refused(local({}, { audience: "" }), "ERR_CONFIG");
  await refused(local({}, { issuer: /one/ }), "ERR_CONFIG");
  await refused(local({}, { typ: [/jwt/] }), "ERR_CONFIG");
  await refused(local({}, { typ: /jwt/ }), "ERR_CONFIG");
  await refused(
    local({}, { requiredClaims: { client_id: /me/ } }).then((verifier) =>
      verifier.verify(jws(rsa, claims({ client_id: "me" }))),
    ),
    ["ERR_CONFIG", "ERR_TOKEN_CLAIM"],
  );
  await refused((await local({}, { audience: ".*" })).verify(jws(rsa, claims())), "ERR_TOKEN_AUDIENCE");
});

test("attack 20: a bad signature is all that is said", async () => {
  const seen = [];
  const verifier = await local(
    { onEvent: (event) => seen.push(event) },
    { requiredScopes: ["arc"], requiredClaims: { client_id: "me" } },
  );
  const messages = new Set();
  for (const more of [
    { scope: "arc", client_id: "me" },
    { exp: 1 },
    { exp: "x" },
    { exp: undefined },
    { nbf: 9_999_999_999 },
    { aud: "other" },
    { sub: undefined },
    { cnf: { jkt: "x" } },
    { scope: "other", client_id: "me" },
    { scope: "arc", client_id: "you" },
  ]) {
    const token = jws(evil, claims(more));
    const error = await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
    messages.add(JSON.stringify([error.message, error.details, error.retryable]));
  }
  assert.equal(messages.size, 1, [...messages].join("\n"));
  assert.equal(new Set(seen.map(({ type, code, reason }) => `${type} ${code} ${reason}`)).size, 1);
  // And what the client of a request is told is the same for every refused token.
  const bodies = new Set();
  for (const token of [
    jws(evil, claims()),
    jws(rsa, claims({ aud: "x" })),
    jws(rsa, claims({ iss: "x" })),
    "x",
    "x.y.z",
  ]) {
    const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${token}` } });
    const response = errorResponse(await refused(authenticateRequest(request, verifier), codes, { token }));
    bodies.add(`${response.status} ${await response.text()}`);
  }
  assert.equal(bodies.size, 1, [...bodies].join("\n"));
});

const codes = [
  "ERR_TOKEN_SIGNATURE",
  "ERR_TOKEN_AUDIENCE",
  "ERR_TOKEN_ISSUER",
  "ERR_TOKEN_MALFORMED",
  "ERR_TOKEN_CLAIM",
];

describe("attack 22: one token, in one place", () => {
  const request = (authorization, url = "https://api.example/arc") =>
    new Request(url, { headers: [].concat(authorization ?? []).map((value) => ["authorization", value]) });

  test("attack 22: two headers, two spaces, tabs, other forms: 400 and no token looked at", async () => {
    const { verifier, fetched } = await remote();
    const token = jws(rsa, claims());
    for (const authorization of [
      [`Bearer ${token}`, `Bearer ${token}`],
      [`Bearer ${token}`, "Basic eDp5"],
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${token}\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},${token}`,
      "Bearer",
      `Bearer "${token}"`,
      `Bearer token=${token};`,
      `Bearer:${token}`,
      "Bearer é",
    ]) {
      const error = await refused(() => authenticateRequest(request(authorization), verifier), "ERR_INVALID_REQUEST", {
        token,
        fetched,
        fetches: 0,
      });
      assert.equal(errorResponse(error).status, 400);
    }
  });

  test("attack 22: a token in the URL, alone or beside a good header", async () => {
    const { verifier, fetched } = await remote();
    const token = jws(rsa, claims());
    for (const query of [
      `access_token=${token}`,
      `x=1&access_token=${token}`,
      `access%5ftoken=${token}`,
      "access_token=",
    ]) {
      for (const authorization of [undefined, `Bearer ${token}`]) {
        const error = await refused(
          () => authenticateRequest(request(authorization, `https://api.example/arc?${query}`), verifier),
          "ERR_INVALID_REQUEST",
          {
            token,
            fetched,
            fetches: 0,
          },
        );
        assert.equal(errorResponse(error).status, 400);
      }
    }
  });

  test("attack 22: no token, another scheme: 401", async () => {
    const { verifier, fetched } = await remote();
    for (const authorization of [undefined, "Basic eDp5", "Negotiate abc"]) {
      const error = await refused(() => authenticateRequest(request(authorization), verifier), "ERR_UNAUTHENTICATED", {
        fetched,
        fetches: 0,
      });
      const response = errorResponse(error);
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate"), /^Bearer/);
    }
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      assert.equal((await authenticateRequest(request(`${scheme} ${jws(rsa, claims())}`), verifier)).id, "alice");
    }
  });
});

describe("attack 27: many at once, calls from within, traps", () => {
  test("attack 27: each of many at once gets its own answer", async () => {
    const verifier = await local();
    const hmac = await shared();
    const work = [];
    for (let index = 0; index < 400; index += 1) {
      const key = keys[index % keys.length];
      const id = `user ${index}`;
      const good = jws(key, claims({ sub: id }));
      work.push(verifier.verify(good).then(({ principal }) => assert.equal(principal.id, id)));
      const bad = `${split(jws(key, claims({ sub: `evil ${index}` })))[0]}.${split(good)[1]}`;
      work.push(refused(verifier.verify(bad), "ERR_TOKEN_SIGNATURE", { token: bad }));
      work.push(
        hmac
          .verify(jws(secretKey("HS256", secret), claims({ sub: id })))
          .then(({ claims: { sub } }) => assert.equal(sub, id)),
      );
    }
    await Promise.all(work);
  });

  // All of these run in the middle of a verification. None may put another token's answer in its place.
  for (const caller of ["fetch", "now", "waitUntil"]) {
    test(`attack 27: ${caller} may call the verifier that it belongs to`, async () => {
      const exp = Math.floor(Date.now() / 1000) + 7200;
      const good = jws(rsa, claims({ sub: "alice", exp }));
      const forged = `${split(jws(evil, claims({ sub: "root!", exp })))[0]}.${split(good)[1]}`;
      assert.equal(forged.length, good.length);
      let now = Date.now();
      const calls = [];
      let armed = 0;
      const within = (from) => {
        if (armed === 0 || from !== caller) return;
        const left = armed - 1;
        armed = 0;
        calls.push(verifier.verify(good));
        armed = left;
      };
      const verifier = await JwtVerifier.create({
        providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
        tokenCache: false,
        fetch: async () => {
          within("fetch");
          return Response.json(jwks);
        },
        now: () => {
          within("now");
          return now;
        },
      });
      const waitUntil = () => within("waitUntil");
      await verifier.verify(good);
      for (let round = 0; round < 5; round += 1) {
        // Old enough for a refresh beside the check; for the clock, which is asked between two steps, too old to be used.
        now += caller === "now" ? 700_000 : 500_000;
        const before = calls.length;
        armed = caller === "now" ? 20 : 1;
        await refused(verifier.verify(forged, { waitUntil }), "ERR_TOKEN_SIGNATURE", { token: forged });
        armed = 0;
        assert.ok(calls.length > before, "called from within");
      }
      for (const { principal } of await Promise.all(calls)) assert.equal(principal.id, "alice");
    });
  }

  test("attack 27: after a trap the next call works, on a fresh instance", async () => {
    const { verifier, fetched } = await remote();
    const hmac = await shared();
    await verifier.verify(jws(rsa, claims()));
    // One verification is under way while the module traps.
    const slow = verifier.verify(jws(es256, claims({ jti: "under way" })));
    const pending = hmac.verify(jws(secretKey("HS256", secret), claims()));
    const { recoverFrom } = await import("../../pkg/wasm.js");
    const silenced = console.error;
    console.error = () => {};
    try {
      core.trapForTests();
      assert.fail("no trap");
    } catch (thrown) {
      assert.ok(thrown instanceof WebAssembly.RuntimeError, String(thrown));
      assert.equal(recoverFrom(thrown), true);
    } finally {
      console.error = silenced;
    }
    await slow;
    await pending;
    await verifier.verify(jws(rsa, claims()));
    await hmac.verify(jws(secretKey("HS512", secret), claims()));
    await refused(verifier.verify(jws(evil, claims())), "ERR_TOKEN_SIGNATURE");
    // The keys came over: nobody is asked again for what was known.
    assert.equal(fetched.length, 1);
    await verifyJws(jws(rsa, "payload"), rsa.jwk, { algorithms: ["RS256"] });
  });
});

test("attack 25: no message, detail, stack, cause or event of all of the above holds a token or a part of one", () => {
  const { refusals, events } = takeRefusals();
  assert.ok(refusals.length > 500 && events.length > 500, `${refusals.length} refusals, ${events.length} events`);
  const shown = refusals.map(({ error }) => shownBy(error));
  for (const [index, { error, token }] of refusals.entries()) {
    assert.ok(error instanceof ArcgateError, shown[index]);
    assert.ok(!shown[index].includes("eyJ"), shown[index]);
    if (typeof token !== "string") continue;
    for (const segment of token.split(".")) {
      if (segment.length >= 8) assert.ok(!shown[index].includes(segment.slice(0, 24)), shown[index]);
    }
  }
  for (const event of events) {
    const text = JSON.stringify(event);
    assert.ok(!text.includes("eyJ") && !/[\w-]{60}/.test(text), text);
  }
  const signatures = shown.filter((text) => /[\w-]{100}/.test(text));
  assert.deepEqual(signatures, []);
});

/** A token's signed part and its signature. */
function split(token) {
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), token.slice(dot + 1)];
}
