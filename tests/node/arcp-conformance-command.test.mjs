// The command `arcgate-conformance`: what it writes, where, and how it exits.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { connect, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer as createTls } from "node:tls";
import { WebSocketServer } from "ws";
import { root } from "../../scripts/setup/cache.mjs";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";

const alice = ["--token", "tok-alice-1234"];
const folder = mkdtempSync(join(tmpdir(), "arcgate-conformance-"));
let good;

before(async () => {
  good = await startConformingRuntime();
});

after(async () => {
  await good?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it. Gives what it wrote and its exit code. */
function command(args, { env = {} } = {}) {
  const program = join(root, "pkg/bin/conformance.js");
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH, ...env } });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (out[name] += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...out })));
}

/** Against a runtime that breaks something. */
async function against(change, args) {
  const runtime = await startConformingRuntime(change);
  try {
    return await command([runtime.url, ...alice, ...args]);
  } finally {
    await runtime.close();
  }
}

const refusing =
  (code, message = "it is refused") =>
  (runtime) => {
    const { errorPayload } = runtime;
    runtime.errorPayload = (_, id) => ({ ...errorPayload(code, id), message });
  };

describe("what it writes", () => {
  test("text: each rule by name, its outcome and its level; nothing else where nobody watches", async () => {
    const { code, stdout, stderr } = await command([good.url, ...alice, "--only", "8,3,100"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^pass {3}8 MUST\* §6\.1: /m);
    assert.match(stdout, /^ -- {4}3 MAY §3: .*\n +the client's side/m);
    assert.match(stdout, /^ -- {2}100 MUST §14: .*\n +needs --token2/m);
    assert.match(stdout, /^1 passed, 0 failed \(0 MUST, 0 others\), 2 not applicable$/m);
  });

  test("text: a failure comes with its frames, in order, and without the token", async () => {
    const { code, stdout } = await against(refusing("PERMISSION_DENIED"), ["--only", "A6,8"]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /FAIL +A6 MUST.*\n +session\.error PERMISSION_DENIED\n(.*-->.*session\.hello.*\n)(.*\n)*.*<--.*PERMISSION_DENIED/,
    );
    assert.ok(!stdout.includes("tok-alice"));
    assert.ok(stdout.indexOf("FAIL") < stdout.indexOf("pass   8"));
  });

  test("JSON: to a file, with the runner's version and the frames", async () => {
    const output = join(folder, "report.json");
    const { code, stdout } = await command([good.url, ...alice, "--only", "8", "--format", "json", "--output", output]);
    assert.equal(code, 0);
    assert.equal(stdout, `1 passed, 0 failed (0 MUST, 0 others), 0 not applicable: ${output}\n`);
    const report = JSON.parse(readFileSync(output, "utf8"));
    assert.equal(report.version, JSON.parse(readFileSync(join(root, "pkg.json"), "utf8")).version);
    assert.deepEqual(report.runtime, { name: "conforming", version: "1" });
    assert.equal(report.rules[0].frames[0].direction, "sent");
  });

  test("JUnit: XML, whatever a runtime says; a MUST is a failure, the rest is skipped", async () => {
    const change = refusing("PERMISSION_DENIED", 'a ]]> <b attr="&amp;"> \u0001 \ud800 end');
    const { code, stdout } = await against(change, ["--only", "A6,A7,26,3", "--format", "junit"]);
    assert.equal(code, 1);
    assert.match(stdout, /<testsuite name="ARCP 1\.1: conforming 1".* tests="4" failures="1" errors="0" skipped="2"/);
    assert.match(stdout, /<testcase classname="arcp\.A6".*<failure message="session\.error PERMISSION_DENIED"\/>/);
    const tags = [...stdout.replace(/<\?.*?\?>/, "").matchAll(/<(\/?)([\w-]+)((?:\s+\w+="[^"<]*")*)\s*(\/?)>|[<]/g)];
    const open = [];
    for (const [whole, closes, name, , isEmpty] of tags) {
      assert.notEqual(whole, "<", "a tag that is none");
      if (closes) assert.equal(open.pop(), name);
      else if (!isEmpty) open.push(name);
    }
    assert.deepEqual(open, []);
    const odd = [...stdout].filter((one) => one.codePointAt(0) < 32 && one !== "\n");
    assert.deepEqual(odd, []);
  });
});

describe("how it exits", () => {
  test("0 where a SHOULD fails, 1 where a MUST does", async () => {
    const binary = (runtime) => {
      const { heard } = runtime;
      runtime.heard = (connection, text) => heard.call(runtime, connection, text, false);
    };
    const should = await against(binary, ["--only", "A22"]);
    assert.match(should.stdout, /1 failed \(0 MUST, 1 others\)/);
    assert.equal(should.code, 0);
    const must = await against(refusing("NOPE"), ["--only", "A5"]);
    assert.equal(must.code, 1);
  });

  test("tokens may come by the environment", async () => {
    const env = { ARCP_TOKEN: "tok-alice-1234", ARCP_TOKEN2: "tok-bob-5678" };
    const { code, stdout } = await command([good.url, "--only", "52"], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^pass {2}52/m);
  });

  const wrong = {
    "no address": [[...alice], /say which runtime/],
    "no token": [["ws://127.0.0.1:1/arcp"], /--token is missing/],
    "an address of HTTP": [["http://127.0.0.1:1/arcp", ...alice], /begins with ws:\/\/ or wss:\/\//],
    "credentials in the address": [["ws://a:b@127.0.0.1:1/arcp", ...alice], /no credentials in the address/],
    "one token twice": [["ws://127.0.0.1:1/arcp", ...alice, "--token2", "tok-alice-1234"], /the same token/],
    "an option that there is not": [["ws://127.0.0.1:1/arcp", ...alice, "--colour"], /colour/],
    "a format that there is not": [["ws://127.0.0.1:1/arcp", ...alice, "--format", "xml"], /text, json or junit/],
    "an input that is no JSON": [["ws://127.0.0.1:1/arcp", ...alice, "--slow-input", "{"], /--slow-input is no JSON/],
    "a file that is not there": [["ws://127.0.0.1:1/arcp", ...alice, "--ca", "/nowhere"], /--ca .*nowhere/],
    "a folder in place of certificates": [["ws://127.0.0.1:1/arcp", ...alice, "--ca", "/"], /--ca .*EISDIR/],
    "certificates that are none": [["ws://127.0.0.1:1/arcp", ...alice, "--ca", import.meta.filename], /no certificate/],
    "a folder to write to": [["ws://127.0.0.1:1/arcp", ...alice, "--output", "/"], /--output .*EISDIR/],
    "a rule that there is not": [["ws://127.0.0.1:1/arcp", ...alice, "--only", "8,777"], /no rule 777/],
    "nobody there": [["ws://127.0.0.1:1/arcp", ...alice], /no connection: ECONNREFUSED/],
  };
  for (const [name, [args, says]] of Object.entries(wrong))
    test(`2 for ${name}, in one line and without the token`, async () => {
      const { code, stdout, stderr } = await command(args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, says);
      assert.match(stderr, /^arcgate-conformance: [^\n]*\n$/);
      assert.ok(!stderr.includes("tok-alice"));
    });

  test("2 for an agent or a token that the runtime has not", async () => {
    const asked = async (...args) => (await command([good.url, ...args])).stderr;
    assert.match(await asked(...alice, "--agent", "nobody"), /has no agent nobody/);
    const refused = await command([good.url, "--token", "tok-of-a-stranger"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /does not take the token: session\.error UNAUTHENTICATED, closed with 1008/);
    assert.ok(!refused.stderr.includes("tok-of"));
  });

  test("a report that can't be written is shown, and the run was not for nothing", async (t) => {
    if (!existsSync("/dev/full")) return t.skip("there is no disk that is always full");
    const { code, stdout, stderr } = await command([good.url, ...alice, "--only", "8,", "--output", "/dev/full"]);
    assert.match(stdout, /^pass {3}8 MUST/m);
    assert.match(stderr, /^arcgate-conformance: --output .*ENOSPC[^\n]*\n$/);
    assert.equal(code, 2);
  });

  test("no file is left, and none is emptied, where nobody could be tried", async () => {
    const [there, missing] = ["there.txt", "missing.txt"].map((name) => join(folder, name));
    writeFileSync(there, "an older report");
    for (const output of [there, missing])
      assert.equal((await command(["ws://127.0.0.1:1/arcp", ...alice, "--output", output])).code, 2);
    assert.equal(readFileSync(there, "utf8"), "an older report");
    assert.ok(!existsSync(missing));
  });

  const strangers = {
    "repeats what it hears": [
      (socket) => socket.on("message", (text) => socket.send(`${text}`)),
      /session\.hello came/,
      "3",
    ],
    "says something else": [(socket) => socket.send("hello, tok-alice-1234"), /a text that is no message came/, "3"],
    "speaks another protocol": [
      (socket) => socket.send('{"jsonrpc":"2.0","id":null,"error":{"code":-32600}}'),
      /no answer to session\.hello: a frame without a type came, the connection stays open/,
      "3",
    ],
    "says nothing": [() => {}, /nothing came within 3 s/, "3"],
    "closes at once": [(socket) => socket.close(1003, "no tok-alice-1234"), /nothing came.*closed with 1003/],
    "says no and closes": [
      (socket) => {
        socket.send(
          JSON.stringify({ arcp: "1.1", id: "a", type: "session.error", payload: { code: "UNAUTHENTICATED" } }),
        );
        setTimeout(() => socket.close(4401), 100);
      },
      /does not take the token: session\.error UNAUTHENTICATED, closed with 4401/,
    ],
    "has another reason": [
      (socket) => socket.send('{"type":"session.error","payload":{"code":"INVALID_REQUEST"}}'),
      /refuses the hello: session\.error INVALID_REQUEST/,
    ],
    "talks without an end": [
      (socket) => {
        const flood = Buffer.alloc(8_000_000, "x");
        for (let i = 0; i < 9; i += 1) socket.send(flood, { binary: false });
      },
      /cut off.*more than 64000000 characters/,
    ],
  };
  // Those that end it have all the time that a busy machine takes.
  for (const [name, [connected, says, timeout = "25"]] of Object.entries(strangers))
    test(`2 for a WebSocket that ${name}: what was seen is told, without the token`, async (t) => {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      t.after(() => {
        for (const socket of server.clients) socket.terminate();
        server.close();
      });
      server.on("connection", (socket) => connected(socket.on("error", () => {})));
      await new Promise((resolve) => server.once("listening", resolve));
      const { code, stderr } = await command([
        `ws://127.0.0.1:${server.address().port}`,
        ...alice,
        "--timeout",
        timeout,
      ]);
      assert.match(stderr, says);
      assert.match(stderr, /^arcgate-conformance: [^\n]*\n$/);
      assert.ok(!stderr.includes("tok-alice") && /does not take/.test(stderr) === /UNAUTHENTICATED/.test(stderr));
      assert.equal(code, 2);
    });

  test("2 for a server that is no WebSocket's, or that answers nothing", async () => {
    const http = createHttp((_, response) => response.writeHead(404).end());
    const mute = createTcp((socket) => socket.on("error", () => {}));
    const servers = [http, mute];
    for (const server of servers) await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const asked = (server, timeout) =>
      command([`ws://127.0.0.1:${server.address().port}/arcp`, ...alice, "--timeout", timeout]);
    const [upgraded, silent] = [await asked(http, "25"), await asked(mute, "1")];
    assert.match(upgraded.stderr, /the upgrade was answered with 404|closed before the upgrade was answered/);
    assert.match(silent.stderr, /no answer to the upgrade within 1 s/);
    assert.deepEqual([upgraded.code, silent.code], [2, 2]);
    for (const server of servers) server.close();
  });

  test("wss:// to a server whose certificate is of one's own authority takes --ca", async () => {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...made, ...subject], { stdio: "ignore" });
    const tls = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      const { port } = new URL(good.url);
      const plain = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {}).on("close", () => plain.destroy());
      plain.on("error", () => {}).on("close", () => socket.destroy());
      socket.pipe(plain).pipe(socket);
    });
    await new Promise((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const url = `wss://localhost:${tls.address().port}/arcp`;
    const trusted = await command([url, ...alice, "--only", "114,13,A23", "--ca", cert]);
    assert.equal(trusted.stderr, "");
    assert.equal(trusted.code, 0);
    assert.ok(!trusted.stdout.includes("TLS was not tried"));
    const { code, stderr } = await command([url, ...alice, "--only", "114"]);
    assert.equal(code, 2);
    assert.match(stderr, /no connection: DEPTH_ZERO_SELF_SIGNED_CERT/);
    tls.close();
  });

  test("without the slow agent its rules are not applicable, and say whom to name", async () => {
    const { code, stdout } = await command([good.url, ...alice, "--slow-agent", "nobody", "--only", "57,8"]);
    assert.equal(code, 0);
    assert.match(stdout, /^ -- {3}57 .*\n +the runtime has no agent nobody: --agent and --slow-agent name others/m);
  });
});
