// The ways to a module, one after the other, and what is said where none leads to it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { readModule } from "../../pkg/platform/files.node.js";
import { bound, empty, one, origin, place, saying } from "../lib/wasm-module.mjs";

const packed = gzipSync(one).toString("base64");
const inside = { bytes: async () => ({ default: packed }) };
const fails =
  (code, reason, ...parts) =>
  (error) => {
    assert.equal(error.code, code, error.message);
    assert.equal(error.retryable, code !== "ERR_CONFIG");
    assert.equal(error.details.reason, reason, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    assert.ok(error.message.includes(`docs/bundlers.md#${reason ?? "errors-at-loading"}`), error.message);
    return true;
  };

/** A response that was read. */
async function readOnce(response) {
  await response.arrayBuffer();
  return response;
}

// Nobody but a browser makes one.
const opaque = Object.defineProperties(new Response(null), {
  type: { value: "opaque" },
  status: { value: 0 },
  ok: { value: false },
});

/** Answers as a server would, in place of `fetch`. */
const answering = (body, init) => ({ ...origin("here", place("own")), read: async () => new Response(body, init) });

/** Runs this with a global that is another. */
async function having(name, value, work) {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return await work();
  } finally {
    if (descriptor === undefined) delete globalThis[name];
    else Object.defineProperty(globalThis, name, descriptor);
  }
}

/** What is written to the console meanwhile, where there is a document or not. */
async function warnings(isPage, work) {
  const { warn } = console;
  const said = [];
  console.warn = (...text) => said.push(text.join(" "));
  try {
    await (isPage ? having("document", {}, work) : work());
  } finally {
    console.warn = warn;
  }
  return said;
}

describe("a module is taken from", () => {
  for (const [what, from] of Object.entries({
    "nothing at its place": answering("no", { status: 404 }),
    "a page in its place": answering("<!doctype html>", { headers: { "content-type": "text/html" } }),
    "another module in its place": answering(saying("own 0.0.9")),
    "no connection": { ...origin("here", place("own")), read: async () => Promise.reject(new TypeError("failed")) },
    "no place at all": {
      ...origin("here"),
      source() {
        throw new TypeError("Invalid URL");
      },
    },
  })) {
    test(`the bundle, where there is ${what}`, async () => {
      const module = bound({ ...from, ...inside });
      assert.deepEqual(await warnings(false, () => module.ready()), [], "a server's log is left alone");
      assert.equal(module.call("who"), "here");
    });
  }

  test("its place, where it is there, and the bytes are not looked at", async () => {
    const module = bound({ ...origin("here", place("own")), bytes: () => assert.fail("they are not needed") });
    await module.ready();
  });

  test("what is compiled before any place, whichever entry comes first", async () => {
    const page = origin("for pages", place("own"));
    const module = bound({ ...page, ...inside }, origin("for Workers", new WebAssembly.Module(one)));
    await module.ready();
    assert.equal(module.call("who"), "for Workers");
    assert.deepEqual(page.loaded, []);
  });

  test("the second of two entries' places, where the first has nothing, with its own loader", async () => {
    const first = origin("first", place("one"), { broken: new Set([place("one").href]) });
    const module = bound({ ...first, bytes: () => assert.fail("there is a place") }, origin("second", place("two")));
    await module.ready();
    assert.equal(module.call("who"), "second");
  });

  test("bytes that are there at once, as arcgate/inline has them", async () => {
    const { source, ...own } = origin("here");
    const module = bound({ ...own, bytes: packed });
    await module.ready();
    assert.equal(module.call("who"), "here");
  });

  test("the bundle where there are no streams, as in pages that Node invents", async () => {
    const { source, ...own } = origin("here");
    const module = bound({ ...own, bytes: packed });
    const streams = globalThis.DecompressionStream;
    delete globalThis.DecompressionStream;
    try {
      await module.ready();
    } finally {
      globalThis.DecompressionStream = streams;
    }
  });

  test("bytes in whatever form they come", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(one.length));
    shared.set(one);
    for (const bytes of [new DataView(one.buffer), one.buffer, shared]) {
      const module = bound(origin("here", place("own")));
      await module.ready(bytes);
      assert.equal(module.call("who"), "here");
    }
  });

  test("its place, by the loader that is at hand, whichever entry comes first", async () => {
    const { glue, ...later } = origin("later", place("own"));
    const module = bound({ ...later, glue: () => assert.fail("no import()") }, origin("at hand", place("own")));
    await module.ready();
    assert.equal(module.call("who"), "at hand");
  });

  test("its own place, after what was given is spent", async () => {
    const own = origin("here", place("own"));
    const module = bound(own);
    const given = Promise.resolve(new Response("no", { status: 404 }));
    await assert.rejects(module.ready(given), fails("ERR_CONFIG", "not-found", "404"));
    await module.ready();
    assert.deepEqual(own.loaded, [place("own").href]);
  });

  test("the place that was given, and nowhere else: it is asked again", async () => {
    const broken = new Set([place("given").href]);
    const own = { ...origin("here", place("own"), { broken }), ...inside };
    const module = bound(own);
    await assert.rejects(module.ready(place("given")), fails("ERR_NETWORK", "unreachable"));
    await assert.rejects(module.ready(), fails("ERR_NETWORK", "unreachable"));
    broken.clear();
    await module.ready();
    assert.deepEqual(own.loaded, [place("given").href]);
  });
});

test("a page is told once what would be cheaper, and not where the bundle has no place", async () => {
  const nowhere = { ...origin("here"), source: undefined, ...inside };
  assert.deepEqual(await warnings(true, () => bound(nowhere).ready()), []);
  const missing = () => bound({ ...answering("no", { status: 404 }), ...inside }).ready();
  const [said, ...others] = await warnings(true, async () => {
    await missing();
    await missing();
  });
  assert.match(said, /works.*larger.*own\.example\/own\.wasm answers with status 404.*docs\/bundlers\.md#not-found$/);
  assert.deepEqual(others, []);
});

describe("where no way leads to it, the error says that", () => {
  for (const [what, given, ...expected] of [
    ["there is nothing", new Response("", { status: 404 }), "ERR_CONFIG", "not-found", "404"],
    ["it is forbidden", new Response("", { status: 403 }), "ERR_CONFIG", "not-found", "403"],
    ["the server has no time", new Response("", { status: 503 }), "ERR_NETWORK", "unreachable", "503"],
    ["there is a page", new Response("\n<html>"), "ERR_CONFIG", "html-instead-of-the-module"],
    ["there is a page, with a mark", new Response("\ufeff<html>"), "ERR_CONFIG", "html-instead-of-the-module"],
    ["it is a text", new Response("version https://git-lfs"), "ERR_CONFIG", "wrong-module", "no WebAssembly"],
    ["it is empty", new Uint8Array(0), "ERR_CONFIG", "wrong-module"],
    ["it is none of arcgate's", empty, "ERR_CONFIG", "wrong-module", "none of arcgate's"],
    ["it is another of them", saying("other 0.1.0"), "ERR_CONFIG", "wrong-module", "other 0.1.0"],
    ["it is of another version", saying("own 0.0.9"), "ERR_CONFIG", "wrong-module", "own 0.0.9"],
    ["it is damaged", one.slice(0, -1), "ERR_CONFIG", "wrong-module"],
    ["it can't be fetched", () => Promise.reject(new TypeError("fetch failed")), "ERR_NETWORK", "unreachable"],
    ["its promise comes to nothing", () => Promise.reject(new Error("nope")), "ERR_NETWORK", "unreachable", "rejected"],
    ["its promise has nothing", Promise.resolve(), "ERR_CONFIG", "wrong-module", "undefined", "what was given"],
    ["its promise has a place", Promise.resolve("/own.wasm"), "ERR_CONFIG", "wrong-module", "of type string"],
    ["its promise has a namespace", Promise.resolve({ default: "" }), "ERR_CONFIG", "wrong-module", "of type object"],
    ["it was read", () => readOnce(new Response(one)), "ERR_CONFIG", "wrong-module", "read already"],
    ["it is opaque", opaque, "ERR_CONFIG", "wrong-module", "no-cors"],
  ]) {
    test(what, async () => {
      const module = bound(origin("here", place("own")));
      await assert.rejects(module.ready(typeof given === "function" ? given() : given), fails(...expected));
    });
  }

  test("memory is short", () => {
    const read = async () => Promise.reject(new RangeError("no memory"));
    return assert.rejects(bound({ ...origin("here", place("own")), read }).ready(), fails("ERR_INTERNAL", undefined));
  });

  for (const address of ["", "http://", "https://a b/", "//"]) {
    test(`\`${address}\` is no place`, () =>
      assert.rejects(bound(origin("here", place("own"))).ready(address), { code: "ERR_CONFIG", message: /is no URL/ }));
  }

  test("a relative place in a worker that has no address of its own", () =>
    having("location", { href: "blob:https://own.example/1" }, async () => {
      await assert.rejects(bound(origin("here", place("own"))).ready("/own.wasm"), { message: /relative/ });
      await bound(origin("here", place("own"))).ready("https://own.example/own.wasm");
    }));

  test("what is inside the bundle is of no use either, and why", async () => {
    const missing = answering("no", { status: 404 });
    const without = bound({ ...missing, bytes: async () => Promise.reject(new TypeError("no such chunk")) });
    await assert.rejects(
      without.ready(),
      fails("ERR_CONFIG", "not-found", "404", "inside the bundle was tried", "script"),
    );
    const glue = { default: () => Promise.reject(new WebAssembly.LinkError("Import #0 `__wbg_a`")) };
    const renamed = (from) => bound({ ...from, ...inside, glue }).ready();
    for (const from of [missing, origin("here", place("own"))]) {
      await assert.rejects(renamed(from), fails("ERR_CONFIG", "wrong-module", "inside the bundle", "minifier"));
    }
  });

  test("a development server keeps its place for itself: the section is Vite's", async () => {
    for (const path of ["node_modules/.vite/deps/wasm", "_nuxt/node_modules/.cache/vite/client/deps/wasm"]) {
      const source = () => new URL(`https://own.example/${path}/own.wasm?v=1`);
      const error = await bound({ ...answering("<html>"), source })
        .ready()
        .catch((thrown) => thrown);
      assert.equal(error.details.reason, "html-instead-of-the-module");
      assert.match(error.message, /docs\/bundlers\.md#vite$/);
    }
  });

  test("the cause is a whole sentence, and there is none where nothing was tried", async () => {
    const failed = () => bound(answering("no", { status: 404 }));
    const { cause } = await failed()
      .ready()
      .catch((error) => error);
    assert.equal(cause.message, "the module answers with status 404");
    const module = failed();
    const none = await having("WebAssembly", undefined, () => module.ready().catch((error) => error));
    assert.equal("cause" in none, false);
  });

  test("there is no such file", async () => {
    const module = bound({ ...origin("here", place("own")), read: readModule });
    await assert.rejects(module.ready("/none/own.wasm"), fails("ERR_CONFIG", "not-found", "/none/own.wasm"));
  });

  test("a place, without what may be secret in it", async () => {
    const module = bound({ ...origin("here"), read: async () => new Response("", { status: 404 }) });
    await assert.rejects(module.ready("https://me:hunter2@own.example/a.wasm?key=hunter2#hunter2"), (error) => {
      assert.equal(error.details.url, "https://own.example/a.wasm");
      assert.equal(error.details.status, 404);
      assert.ok(!error.message.includes("hunter2"), error.message);
      return true;
    });
  });

  test("the bundle has neither a place nor the bytes", async () => {
    const bytes = async () => assert.fail("Cannot find module './wasm/own.bytes.js'");
    const module = bound({ ...origin("here"), source: undefined, bytes });
    await assert.rejects(module.ready(), fails("ERR_CONFIG", "bundled-away"));
  });

  test("a script is missing", async () => {
    const glue = async () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));
    await assert.rejects(bound({ ...origin("here", place("own")), glue }).ready(), fails("ERR_NETWORK", "unreachable"));
    await having("ServiceWorkerGlobalScope", class {}, () =>
      assert.rejects(bound({ ...origin("here", place("own")), glue }).ready(), fails("ERR_CONFIG", "service-worker")),
    );
  });

  test("nothing may be compiled, and nothing else is tried then", async () => {
    const refusing = async () => Promise.reject(new WebAssembly.CompileError("violates the Content Security policy"));
    const bytes = () => assert.fail("they are not asked for");
    const module = bound({ ...origin("here", place("own")), bytes });
    await having("WebAssembly", { ...WebAssembly, Module: WebAssembly.Module, compile: refusing }, () =>
      assert.rejects(module.ready(), fails("ERR_CONFIG", "content-security-policy", "wasm-unsafe-eval")),
    );
    await module.ready(one);
  });

  test("there is no WebAssembly, and nothing is fetched for it", async () => {
    const module = bound({ ...origin("here", place("own")), read: () => assert.fail("nothing is fetched") });
    await having("WebAssembly", undefined, () =>
      assert.rejects(module.ready(), fails("ERR_CONFIG", "no-webassembly", "Lockdown Mode")),
    );
  });
});
