// `npx arcgate serve`, as whoever has installed the package calls it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { variables } from "../../pkg/worker/env/names.js";
import { root } from "../../scripts/setup/cache.mjs";
import { envelope, postArc, streamed } from "../lib/arc.mjs";
import { arcgate, bounded, served } from "../lib/command.mjs";
import { project, write } from "../lib/packed.mjs";

const { version } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));

test("says what it is, and what is wrong with its arguments", async () => {
  write("yaml.env", "STATIC_TOKENS: '{}'\n");
  write("utf16.env", Buffer.from("\uFEFFSTATIC_TOKENS={}\n", "utf16le"));
  for (const [args, code, text] of [
    [["--version"], 0, new RegExp(`^${version.replaceAll(".", "\\.")}$`)],
    [["--help"], 0, /npx arcgate serve \[options\]/],
    [[], 2, /say what to do: npx arcgate serve/],
    [["server"], 2, /there is no command server/],
    [["serve", "now"], 2, /now is one argument too many/],
    [["serve", "--var", "x"], 2, /--var is not an option; did you mean --vars\?/],
    [["serve", "--port"], 2, /--port .*argument missing/],
    [["serve", "--port", "99999"], 2, /--port 99999 is no port/],
    [["serve", "--host", "http://x"], 2, /--host http:\/\/x is no address/],
    [["serve", "--vars", "none.env"], 2, /--vars none.env can't be read \(ENOENT\)/],
    [["serve", "--vars", "."], 2, /--vars . can't be read \(EISDIR\)/],
    [["serve", "--vars", "yaml.env"], 2, /--vars yaml.env has no lines of NAME=value/],
    [["serve", "--vars", "utf16.env"], 2, /--vars utf16.env has no lines of NAME=value/],
    [["serve", "--ca", "none.pem"], 2, /--ca none.pem can't be read \(ENOENT\)/],
    [["serve", "--ca", "package.json"], 2, /--ca package.json has no certificate in it/],
    [["serve", "--revocations", "0.0.0.0:8788"], 2, /--revocations 0.0.0.0:8788 is not for this machine alone/],
    [["serve", "--revocations", `unix:${"\u00fc".repeat(60)}`], 2, /a socket's path has \d+ bytes at most/],
    [["serve"], 1, /workerd, which runs the gate, is not installed here: npm install workerd$/],
  ]) {
    const { said, ended } = arcgate(args);
    assert.ok([code].flat().includes(await ended), args.join(" "));
    assert.match(said.join("\n"), new RegExp(text.source, "m"));
    assert.doesNotMatch(said.join("\n"), /^\s+at /m, "no stack");
  }
});

describe("with workerd", () => {
  const tokens = { STATIC_TOKENS: '{"good":"alice"}' };
  before(() => symlinkSync(join(root, "node_modules/workerd"), join(project, "node_modules/workerd")));

  test(
    "serves from an empty folder; the environment comes before the file; it ends when it is asked to",
    bounded,
    async () => {
      write("own/gate.env", `\uFEFF# ours\nSTATIC_TOKENS='{"of-file":"bob"}'\nALLOWED_HOSTS=gate.example,127.0.0.1\n`);
      const folder = join(project, "own");
      const { url, line, child, ended, said } = await served(["--vars", "gate.env"], { folder, env: tokens });
      await line(/^arcgate: ready$/);
      assert.equal((await postArc(url, { token: "good" })).status, 200);
      assert.equal((await postArc(url, { token: "of-file" })).status, 401);
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
      assert.equal(statSync(join(folder, "arcgate-data")).mode & 0o777, 0o700);
      child.kill("SIGTERM");
      assert.equal(await ended, 0, said.join("\n"));
      assert.ok(!existsSync(join(folder, "arcgate-data/revocations.sock")));
    },
  );

  test("what is no socket stays where one should be", bounded, async () => {
    write("precious.txt", "precious");
    for (const path of ["precious.txt", "node_modules"]) {
      const { ended, said } = arcgate(["serve", "--port", "0", "--revocations", `unix:${path}`], { env: tokens });
      assert.equal(await ended, 1);
      assert.match(said.join("\n"), /there is something else: give another path/);
    }
    assert.equal(readFileSync(join(project, "precious.txt"), "utf8"), "precious");
  });

  test("without a terminal the end of one is none of its business; PROVIDER may be another's", bounded, async () => {
    const { url, line, child, ended, said } = await served([], { env: { ...tokens, PROVIDER: "aws" } });
    await line(/^arcgate: PROVIDER is no variable of the gate's, and is left out; did you mean PROVIDERS\?$/);
    await line(/^arcgate: ready$/);
    child.kill("SIGHUP");
    assert.equal((await postArc(url, { token: "good" })).status, 200);
    assert.doesNotMatch(said.join("\n"), /ending/);
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
  });

  test("what is under way has its time to end", bounded, async () => {
    const { url, child, ended } = await served([], { env: tokens });
    const response = await fetch(`${url}/arc`, {
      method: "POST",
      headers: { authorization: "Bearer good", "content-type": "application/json" },
      body: JSON.stringify(streamed("count", '{"to":3,"delayMs":300}')),
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value;
    // As Ctrl-C under npm comes: twice.
    for (let time = 0; time < 2; time += 1) child.kill("SIGINT");
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    assert.match(text, /event: done/);
    assert.equal(await ended, 0);
  });

  test("revokes by the socket, and what was revoked stays so", bounded, async () => {
    const socketPath = join(project, "arcgate-data/revocations.sock");
    const revoke = (body, headers = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ socketPath, method: "POST", path: "/", headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on("error", reject).end(JSON.stringify(body));
      });
    const first = await served([], { env: tokens });
    await first.line(/revocations: POST to unix:/);
    assert.equal(await revoke({ issuer: "https://idp.example", sub: "alice" }), 204);
    assert.match(
      await first.line(/"type":"revocation.request".*"outcome":"allowed"/),
      /"details":\{"issuer":"https:\/\/idp.example","sub":"alice"\}.*no provider of PROVIDERS has this issuer/,
    );
    assert.equal(await revoke({ issuer: 7 }), 400);
    await first.line(/"type":"revocation.request".*"outcome":"refused","reason":"ERR_CONFIG","status":400/);
    // Pages can send to this machine, and need not read the answer.
    for (const header of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      assert.equal(await revoke({ issuer: "https://idp.example" }, header), 403);
    }
    assert.equal(statSync(socketPath).mode & 0o077, 0, "it is this user's alone");
    // A process that is killed leaves its socket behind.
    first.child.kill("SIGTERM");
    await first.ended;
    const second = await served([], { env: tokens });
    assert.equal(await revoke({ issuer: "https://idp.example", sub: "bob" }), 204);
    second.child.kill("SIGTERM");
    await second.ended;
  });

  test("wrong variables: it runs, is not ready, and its log names them", bounded, async () => {
    for (const [env, problem] of [
      [{ PROVIDER: "{}" }, /"PROVIDER: is no variable of the gate's; did you mean PROVIDERS\?"/],
      [{ PROVIDERS: "{secret-value" }, /"PROVIDERS: is not valid JSON/],
      [{ ARC_UPSTREAM: "http://agents:8080/arc", UPSTREAM_AUTH: "passthrough" }, /"ARC_UPSTREAM: must be https/],
    ]) {
      const { line, child, ended, said, url } = await served([], { env });
      await line(problem);
      await line(/^arcgate: not ready: /);
      assert.equal((await postArc(url, { token: "x", body: envelope() })).status, 500);
      assert.doesNotMatch(said.join("\n"), /secret-value/);
      child.kill("SIGTERM");
      assert.equal(await ended, 0);
    }
  });

  test("a secret that PROVIDERS names is handed on", bounded, async () => {
    const PROVIDERS = '{"own":{"issuer":"https://own.example","audience":"arc","secretEnv":"OWN_SECRET"}}';
    const { line, child, ended } = await served([], { env: { PROVIDERS, OWN_SECRET: "k".repeat(32) } });
    await line(/^arcgate: ready$/);
    child.kill("SIGTERM");
    await ended;
  });

  test("a provider whose certificate is of one's own authority is asked with --ca alone", bounded, async () => {
    const [key, cert] = ["provider.key", "provider.pem"].map((name) => join(project, name));
    const own = [
      "-nodes",
      "-keyout",
      key,
      "-out",
      cert,
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
    ];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-days", "2", ...own], { stdio: "ignore" });
    const provider = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      response.writeHead(404).end();
      provider.emit("asked");
    });
    await once(provider.listen(0, "127.0.0.1"), "listening");
    const issuer = `https://localhost:${provider.address().port}`;
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: "x", sub: "a", iat: now, exp: now + 60 };
    const token = `${part({ alg: "ES256", kid: "1" })}.${part(claims)}.${Buffer.alloc(64, 1).toString("base64url")}`;
    let asked = 0;
    provider.on("asked", () => {
      asked += 1;
    });
    for (const [args, isAsked] of [
      [[], false],
      [["--ca", cert], true],
    ]) {
      const env = { PROVIDERS: JSON.stringify({ own: { issuer, audience: "x" } }) };
      const { url, child, ended } = await served(args, { env });
      assert.equal((await postArc(url, { token })).status, 503);
      assert.equal(asked > 0, isAsked);
      child.kill("SIGTERM");
      await ended;
    }
    provider.close();
  });

  test("a port that is taken, a folder that can't be written: a sentence, and 1", bounded, async () => {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address();
    const taken = arcgate(["serve", "--port", String(port)]);
    assert.equal(await taken.ended, 1);
    assert.deepEqual(taken.said, [`arcgate: port ${port} is in use: give another, such as --port ${port + 1}`]);
    server.close();
    write("file", "x");
    const unwritable = arcgate(["serve", "--port", "0", "--data", "file"]);
    assert.equal(await unwritable.ended, 1);
    assert.match(unwritable.said.join("\n"), /--data .* can't be written/);
    // Where Node's own way to make folders never ends.
    const nowhere = arcgate(["serve", "--port", "0", "--data", "/proc/x/y"]);
    assert.equal(await nowhere.ended, 1);
    assert.match(nowhere.said.join("\n"), /--data \/proc\/x\/y can't be written \(ENOENT\)/);
  });

  test("its configuration can be had, to be changed", bounded, async () => {
    const data = join(project, "printed");
    mkdirSync(data);
    const { said, ended } = arcgate(["serve", "--print-config", "--data", data, "--revocations", "none"], {
      env: tokens,
    });
    assert.equal(await ended, 0);
    assert.match(said.join("\n"), /^const config :Workerd.Config/m);
    assert.doesNotMatch(said.join("\n"), /"revocations"|alice/);
    // It is for another environment.
    for (const name of variables)
      assert.ok(
        said.some((line) => line.includes(`fromEnvironment = "${name}"`)),
        name,
      );
  });
});
