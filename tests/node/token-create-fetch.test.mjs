// createFetch against real servers: where the token goes, and what stays as the caller gave it.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createFetch } from "../../pkg/client.node.js";
import { bad, startServers } from "../lib/bearer-servers.mjs";
import { fails } from "../lib/token-manager.mjs";

let api;
let other;
let seen;
let servers;
before(async () => {
  servers = await startServers();
  ({ api, other, seen } = servers);
});
after(() => servers.close());
beforeEach(() => servers.reset());

describe("where the token goes", () => {
  test("to the origins that are listed, in each form of a request, and to no other", async () => {
    const authorized = createFetch("t", { origins: [api] });
    const put = new Request(`${api}/r`, { method: "PUT", body: "x", headers: { "x-own": "1" } });
    for (const input of [`${api}/a?b=1`, new URL(`${api}/b`), put]) assert.equal((await authorized(input)).status, 200);
    assert.deepEqual(servers.bearers(), ["Bearer t", "Bearer t", "Bearer t"]);
    assert.deepEqual([seen[2].method, seen[2].body, seen[2].headers["x-own"]], ["PUT", "x", "1"]);
    assert.ok(put.bodyUsed, "as the platform's fetch leaves it");
    seen.length = 0;
    const elsewhere = [other, api.replace("127.0.0.1", "localhost"), new Request(other)];
    for (const input of elsewhere) await authorized(input);
    assert.deepEqual(servers.bearers(), [undefined, undefined, undefined]);
    await assert.rejects(authorized("not a url"), TypeError);
    await assert.rejects(authorized("/relative, where nothing says to what"), TypeError);
  });

  test("what is changed while a token is waited for changes nothing", async () => {
    const url = new URL(`${api}/first`);
    const init = { method: "PUT", headers: new Headers({ "x-own": "1" }) };
    const authorized = createFetch(async () => "t", { origins: [api] });
    const call = authorized(url, init);
    url.href = `${other}/second`;
    init.method = "DELETE";
    init.headers.set("x-own", "2");
    await call;
    const { path, method, authorization, headers } = seen.at(-1);
    assert.deepEqual([path, method, authorization, headers["x-own"]], ["/first", "PUT", "Bearer t", "1"]);
    assert.equal(seen.length, 1);
  });

  test("header fields come in each form, and stay", async () => {
    const authorized = createFetch("t", { origins: [api] });
    for (const headers of [
      { "x-own": "1" },
      [["x-own", "1"]],
      new Headers({ "x-own": "1" }),
      new Map([["x-own", "1"]]),
    ]) {
      await authorized(api, { headers });
      assert.deepEqual([seen.at(-1).headers["x-own"], seen.at(-1).authorization], ["1", "Bearer t"]);
    }
    // A Request's fields give way to those beside it, as the platform has it.
    await authorized(new Request(api, { headers: { "x-own": "1" } }), { headers: { "x-other": "2" } });
    assert.deepEqual([seen.at(-1).headers["x-own"], seen.at(-1).headers["x-other"]], [undefined, "2"]);
    await assert.rejects(authorized(api, { headers: { "x y": "1" } }), TypeError);
  });

  test("a caller's own Authorization stays, and costs no token", async () => {
    const authorized = createFetch(() => assert.fail("nobody needs a token"), { origins: [api] });
    servers.answers["/"] = () => [401, bad];
    await authorized(api, { headers: { AUTHORIZATION: "Basic eDp5" } });
    await authorized(new Request(api, { headers: { authorization: "Bearer mine" } }));
    await authorized(other);
    assert.deepEqual(servers.bearers(), ["Basic eDp5", "Bearer mine", undefined]);
    // The token would be taken off on the way.
    assert.equal((await authorized(api, { mode: "no-cors" })).status, 401);
    assert.equal((await authorized(new Request(api, { mode: "no-cors" }))).status, 401);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`${status} to another origin takes the token off, and within the origin it stays`, async () => {
      const authorized = createFetch("t", { origins: [api, other] });
      const to = (location) => () => [status, { location }];
      servers.answers = { "/away": to(`${other}/there`), "/within": to("/here"), "/back": to(`${other}/bounce`) };
      servers.answers["/bounce"] = to(`${api}/here`);
      const init = { headers: { cookie: "a=1", "proxy-authorization": "Basic eDp5", "x-own": "1" } };
      const response = await authorized(`${api}/away`, init);
      assert.deepEqual([response.status, response.url, response.redirected], [200, `${other}/there`, true]);
      const { headers } = seen.at(-1);
      assert.deepEqual([headers.cookie, headers["proxy-authorization"], headers["x-own"]], [undefined, undefined, "1"]);
      await authorized(`${api}/within`);
      await authorized(`${api}/back`);
      const gone = seen.map(({ path, authorization }) => `${path} ${authorization}`);
      const [within, away] = [
        ["/within Bearer t", "/here Bearer t"],
        ["/away Bearer t", "/there undefined"],
      ];
      assert.deepEqual(gone, [...away, ...within, "/back Bearer t", "/bounce undefined", "/here undefined"]);
    });
  }

  test("a place in UTF-8 is read as the platform reads it", async () => {
    const authorized = createFetch("t", { origins: [api] });
    for (const place of ["/ü", "/日本?q=é#ñ", "/%C3%BC", "/plain"]) {
      servers.answers = { "/from": () => [302, { location: Buffer.from(place).toString("latin1") }] };
      const [own, platform] = [await authorized(`${api}/from`), await fetch(`${api}/from`)];
      assert.deepEqual([own.url, own.status], [platform.url, 200], place);
    }
    // What a platform gives as text already, or in another encoding.
    const places = ["/ü", "/日本", "/x"];
    for (const place of places) {
      const moved = { status: 302, headers: new Map([["location", place]]), body: null };
      const asked = [];
      const answers = [moved, new Response("ok")];
      const fetched = async (input) => {
        asked.push(String(input));
        return answers.shift();
      };
      await createFetch("t", { origins: [api], fetch: fetched })(`${api}/from`);
      assert.equal(asked[1], new URL(place, api).href);
    }
  });

  test("a POST that is redirected is a GET where the standard says so, and keeps its body elsewhere", async () => {
    const authorized = createFetch("t", { origins: [api] });
    const streamed = () => new Blob(["x"]).stream();
    for (const [status, method, body] of [
      [302, "GET", ""],
      [303, "GET", ""],
      [307, "POST", "x"],
      [308, "POST", "x"],
    ]) {
      servers.answers["/from"] = () => [status, { location: "/to" }];
      for (const make of [
        () => [`${api}/from`, { method: "post", body: "x", headers: { "content-type": "text/plain" } }],
        () => [new Request(`${api}/from`, { method: "POST", body: "x" })],
      ]) {
        assert.equal((await authorized(...make())).status, 200);
        const last = seen.at(-1);
        assert.deepEqual([last.path, last.method, last.body, last.authorization], ["/to", method, body, "Bearer t"]);
        assert.equal(last.headers["content-type"]?.startsWith("text/plain"), method === "POST" ? true : undefined);
      }
      const once = authorized(`${api}/from`, { method: "POST", body: streamed(), duplex: "half" });
      if (method === "GET") assert.equal((await once).status, 200);
      else await assert.rejects(once, TypeError);
    }
    servers.answers["/from"] = () => [302, { location: "/from" }];
    await assert.rejects(authorized(`${api}/from`), TypeError);
    servers.answers["/from"] = () => [302, { location: "data:,x" }];
    await assert.rejects(authorized(`${api}/from`), TypeError);
    // Whoever follows by themselves is left to it.
    const manual = await authorized(`${api}/from`, { redirect: "manual" });
    assert.equal(manual.status, 302);
    await assert.rejects(authorized(`${api}/from`, { redirect: "error" }), TypeError);
  });

  test("what is no origin, or would show the token on the way, is refused at once", () => {
    for (const [options, message] of [
      [undefined, /options/],
      [{}, /`origins` must list where the token may go/],
      [{ origins: [] }, /must list where/],
      [{ origins: "https://a.example" }, /must list where/],
      [{ origins: ["a.example"] }, /with its scheme/],
      [{ origins: ["https://*.example"] }, /no \*/],
      [{ origins: ["data:,x"] }, /with its scheme/],
      [{ origins: ["https://a.example/v1"] }, /origins alone: "https:\/\/a\.example"/],
      [{ origins: ["https://u:secret@a.example"] }, /origins alone: "https:\/\/a\.example"/],
      [{ origins: ["http://a.example"] }, /plain http/],
      [{ origins: ["http://a.example:8080"], insecureHosts: ["a.example"] }, /plain http/],
      [{ origins: ["https://a.example"], fetch: {} }, /fetch/],
      [{ origins: ["https://a.example"], origin: "x" }, /origin/],
    ]) {
      assert.throws(
        () => createFetch("t", options),
        fails("ERR_CONFIG", (error) => assert.match(error.message, message)),
      );
    }
    assert.throws(() => createFetch("t v", { origins: [api] }), fails("ERR_CONFIG"));
    createFetch("t", { origins: ["HTTPS://A.example:443/", "http://localhost:1", "http://[::1]:2"] });
    const warn = console.warn;
    try {
      console.warn = () => {};
      createFetch("t", { origins: ["http://api:8080"], insecureHosts: ["api:8080"] });
    } finally {
      console.warn = warn;
    }
  });
});

test("the user's own fetch gets what the caller gave, with the token, and everything else as it was", async () => {
  const calls = [];
  const fetch = async (...given) => {
    calls.push(given);
    return new Response("ok");
  };
  const authorized = createFetch("t", { origins: ["https://api.example"], fetch });
  const init = { method: "POST", body: "x", cf: { cacheTtl: 1 }, redirect: "manual" };
  await authorized("https://api.example/a", init);
  const [input, given] = calls[0];
  assert.equal(input, "https://api.example/a");
  assert.deepEqual({ ...given, headers: undefined }, { ...init, headers: undefined });
  assert.equal(given.headers.get("authorization"), "Bearer t");
  assert.ok(!("headers" in init), "what the caller gave is not changed");
  const elsewhere = { method: "PUT" };
  await authorized("https://elsewhere.example", elsewhere);
  assert.ok(calls[1][1] === elsewhere);
});

describe("in the place of the platform's own", () => {
  const platform = globalThis.fetch;
  after(() => {
    globalThis.fetch = platform;
  });

  test("it asks the one that was there before, also where two have been put one over the other", async () => {
    globalThis.fetch = createFetch("t", { origins: [api] });
    for (const [input, bearer] of [
      [`${api}/a`, "Bearer t"],
      [other, undefined],
    ]) {
      assert.equal((await fetch(input)).status, 200);
      assert.equal(seen.at(-1).authorization, bearer);
    }
    globalThis.fetch = createFetch(async () => "u", { origins: [other] });
    for (const [input, bearer] of [
      [`${api}/a`, "Bearer t"],
      [other, "Bearer u"],
    ]) {
      assert.equal((await fetch(input)).status, 200);
      assert.equal(seen.at(-1).authorization, bearer);
    }
    assert.equal(seen.length, 4);
  });

  test("what stands there by the time of a call gets the request", async () => {
    globalThis.fetch = platform;
    const authorized = createFetch("t", { origins: ["https://api.example"] });
    globalThis.fetch = async (_, { headers }) => new Response(headers.get("authorization"));
    assert.equal(await (await authorized("https://api.example/")).text(), "Bearer t");
  });
});
