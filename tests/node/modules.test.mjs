// Where a module comes from, and when it is loaded: once, from one place, before it is used.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import * as root from "../../pkg/entry.node.js";
import { readModule } from "../../pkg/platform/files.node.js";
import { WasmModule } from "../../pkg/platform/wasm.js";
import * as verifying from "../../pkg/verify.node.js";
import { bound, empty, one, origin, place } from "../lib/wasm-module.mjs";

const config = (text) => (error) => {
  assert.ok(error instanceof root.ArcgateError, String(error));
  assert.equal(error.code, "ERR_CONFIG", error.message);
  for (const part of [text].flat()) assert.ok(error.message.includes(part), error.message);
  return true;
};

const failed = ({ code, retryable, cause }) => code === "ERR_NETWORK" && retryable && cause !== undefined;
const isNoneOfOurs = ({ code, details }) => code === "ERR_CONFIG" && details.reason === "wrong-module";

describe("a module", () => {
  test("is loaded once, however many ask", async () => {
    const own = origin("here", place("default"));
    const module = bound(own);
    assert.equal(module.isLoaded, false);
    await Promise.all([module.ready(), module.ready()]);
    await module.ready();
    assert.deepEqual(own.loaded, ["https://own.example/default.wasm"]);
    assert.equal(module.call("who"), "here");
  });

  test("is there when the call returns, where it is compiled already", () => {
    const module = bound(origin("here", new WebAssembly.Module(one)));
    module.ready();
    assert.equal(module.isLoaded, true);
  });

  test("waits for the glue and for itself at the same time", async () => {
    const begun = [];
    const { glue, ...own } = origin("here", place("default"));
    const module = bound({
      ...own,
      glue: async () => {
        begun.push("glue");
        return glue;
      },
      read: async () => {
        begun.push("module");
        return one;
      },
    });
    const ready = module.ready();
    assert.deepEqual(begun.sort(), ["glue", "module"]);
    await ready;
  });

  test("that is given is taken instead of the package's, a place or a compiled one", async () => {
    const own = origin("here", place("default"));
    await bound(own).ready(place("given"));
    await bound(own).ready("/given.wasm");
    await bound(own).ready(new WebAssembly.Module(one));
    assert.deepEqual(own.loaded, ["https://own.example/given.wasm", "/given.wasm", "at once"]);
  });

  test("may be of another realm", async () => {
    const foreign = runInNewContext("new WebAssembly.Module(bytes)", { bytes: one });
    assert.equal(foreign instanceof WebAssembly.Module, false);
    for (const given of [foreign, Promise.resolve(foreign)]) {
      const module = bound(origin("here", place("default")));
      await module.ready(given);
      assert.equal(module.call("who"), "here");
    }
  });

  test("may be given twice, if it is the same", async () => {
    const own = origin("here", place("default"));
    const module = bound(own);
    await Promise.all([module.ready(place("given")), module.ready(place("given"))]);
    await module.ready("https://own.example/given.wasm");
    assert.equal(own.loaded.length, 1);
  });

  test("that is given beside another one is an error that says what to do", async () => {
    const module = bound(origin("here", place("default")));
    await module.ready(place("given"), "verify");
    await assert.rejects(module.ready(place("other"), "verify"), config(["`verify`", "Call ready() once"]));
  });

  test("that is given when loading has begun is too late, unless it comes from there", async () => {
    const own = origin("here", place("default"));
    const module = bound(own);
    const loading = module.ready();
    await assert.rejects(module.ready(place("given")), config("too late"));
    await loading;
    await assert.rejects(module.ready(place("given")), config("too late"));
    await module.ready(place("default"));
    assert.equal(own.loaded.length, 1);
  });

  test("that can't be loaded is asked for again, from the same place or another", async () => {
    const broken = new Set([place("default").href, place("given").href]);
    const own = origin("here", place("default"), { broken });
    const module = bound(own);
    await assert.rejects(module.ready(), failed);
    await assert.rejects(module.ready(place("given")), failed);
    await module.ready(place("third"));
    assert.deepEqual(own.loaded, ["https://own.example/third.wasm"]);

    const again = bound(own);
    await assert.rejects(again.ready(), failed);
    broken.clear();
    await again.ready();
    assert.equal(again.isLoaded, true);
  });

  // What the loader has once taken it keeps.
  for (const [what, wrong] of Object.entries({
    bytes: empty,
    compiled: new WebAssembly.Module(empty),
    "an answer": new Response(empty, { headers: { "content-type": "application/wasm" } }),
  })) {
    test(`that is of something else (${what}) is refused, and does not stand in a good one's way`, async () => {
      const glue = await import(`../../pkg/wasm/verify.js?${encodeURIComponent(what)}`);
      const good = new URL("../../pkg/wasm/verify.wasm", import.meta.url);
      const module = new WasmModule("verify");
      module.bind({ ...origin("here", good), glue, read: readModule });
      await assert.rejects(module.ready(wrong), isNoneOfOurs);
      await module.ready();
      assert.equal(module.call("version"), root.version);
    });
  }

  test("that comes as an answer is compiled whatever type the server gives it, and not if the server has none", async () => {
    for (const type of ["application/wasm", "application/octet-stream"]) {
      const module = bound(origin("here", place("default")));
      await module.ready(new Response(one, { headers: { "content-type": type } }));
      assert.equal(module.call("who"), "here");
    }
    const refused = bound(origin("here", place("default"))).ready(new Response(one, { status: 404 }));
    await assert.rejects(refused, ({ cause }) => /404/.test(cause.message));
  });

  for (const [what, given] of Object.entries({ "a number": 7, "an object": {}, null: null, "a function": () => {} })) {
    test(`is not ${what}`, () =>
      assert.rejects(bound(origin("here", place("default"))).ready(given), config("`module`")));
  }

  test("that two entries bind to the same place is one", async () => {
    const module = bound(origin("arcgate", place("one")), origin("arcgate/verify", place("one")));
    await module.ready();
    assert.equal(module.call("who"), "arcgate");
  });

  test("that no entry binds says so", () => assert.rejects(bound().ready(), config("import the package by its name")));

  test("that is not loaded yet takes no call", () => {
    const module = bound(origin("here", place("default")));
    assert.throws(() => module.call("who"), { code: "ERR_INTERNAL", message: /not loaded/ });
  });
});

describe("a module that has all of another", () => {
  const lending = () => ({ all: bound(origin("all", place("all"))), own: origin("one", place("one")) });

  for (const [order, prepare] of Object.entries({
    before(one, all, own) {
      one.borrow(all);
      one.bind(own);
    },
    after(one, all, own) {
      one.bind(own);
      one.borrow(all);
    },
  })) {
    test(`lends it its instance, if it comes ${order} the other's own`, async () => {
      const { all, own } = lending();
      const one = new WasmModule("one");
      prepare(one, all, own);
      await one.ready();
      assert.equal(one.call("who"), "all");
      assert.equal(one.isIn(all), true);
      assert.deepEqual(own.loaded, []);
    });
  }

  test("lends nothing to one that is loaded, or being loaded", async () => {
    const { all, own } = lending();
    const one = bound(own);
    const loading = one.ready();
    one.borrow(all);
    await Promise.all([loading, all.ready()]);
    assert.equal(one.call("who"), "one");
    assert.equal(one.isIn(all), false);
  });

  test("lends nothing to one that is given its own, before the first use", async () => {
    const { all, own } = lending();
    const one = bound(own);
    one.borrow(all);
    await one.ready(place("given"));
    assert.equal(one.call("who"), "one");

    const late = bound(own);
    late.borrow(all);
    await late.ready();
    await assert.rejects(late.ready(place("given")), config("ready() of arcgate/worker"));
  });

  test("serves a call of one that is not loaded itself", async () => {
    const { all, own } = lending();
    const one = bound(own);
    one.borrow(all);
    await all.ready();
    assert.equal(one.call("who"), "all");
  });
});

describe("ready()", () => {
  test("refuses what it does not know, and names the nearest", async () => {
    await assert.rejects(root.ready({ verfy: place("x") }), config(["verfy", "`verify`"]));
    await assert.rejects(verifying.ready({ modul: place("x") }), config(["modul", "`module`"]));
  });

  test("of the root loads what is named, and without a name both", async () => {
    const { client } = await import("../../pkg/platform/modules/client.js");
    const { verify } = await import("../../pkg/platform/modules/verify.js");
    const { pathname } = new URL("../../pkg/wasm/verify.wasm", import.meta.url);
    await root.ready({ verify: pathname });
    assert.deepEqual([verify.isLoaded, client.isLoaded], [true, false]);
    await assert.rejects(verifying.ready({ module: place("other") }), config("too late"));
    await root.ready();
    assert.deepEqual([verify.isLoaded, client.isLoaded], [true, true]);
    await verifying.JwtVerifier.create({ providers: { p: { issuer: "https://issuer.example", audience: "a" } } });
  });
});
