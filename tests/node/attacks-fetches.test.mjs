// The known attacks on JWT verifiers, on the package as it is installed: what is fetched, and from where.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { audience, claims, issuer, jws, onEvent, refused, serve } from "../attacks/kit.mjs";
import { evil, jwks, local, refusedAtOnce, remote, rsa, testThatNothingWasShown } from "../attacks/verifiers.mjs";

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

  // Those that don't answer are waited for so long; the others have all the time that a busy machine may take.
  const SOON = 300;
  const keysAt = (url) => ({ jwksUri: `${url}/keys` });
  const withServer = async (handle, work, provider = keysAt, timeoutMs = 60_000) => {
    const server = await serve(handle);
    // After a second or two it would ask again.
    const now = Date.now();
    try {
      const verifier = await JwtVerifier.create({
        providers: { one: { issuer: server.url, audience, ...provider(server.url) } },
        now: () => now,
        jwksCache: { timeoutMs },
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
    await withServer(() => {}, unavailable, keysAt, SOON);
    await withServer((_request, response) => response.write('{"keys":['), unavailable, keysAt, SOON);
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

testThatNothingWasShown({ refusals: 80, events: 80 });
