// The gate on a machine of one's own, as `arcgate serve` starts it: workerd, its variables from the environment.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { jwtVerify } from "jose";
import { envelope, postArc, streamed } from "../lib/arc.mjs";
import { session } from "../lib/arcp.mjs";
import { listener } from "../lib/listener.mjs";
import { logged } from "../lib/logged.mjs";
import { startRuntime } from "../lib/scripted-runtime.mjs";
import { startIdp } from "../lib/worker.mjs";
import { startServe } from "../lib/workerd.mjs";

const secret = "a secret of thirty-two bytes or more";
const scope = "arc.agent.caller arc.task.controller arc.chat.controller";

let idp;
let upstream;
let gate;
let front;
const requests = [];
let answer;

before(async () => {
  idp = await startIdp({ resources: ["https://gate.example/arc"] });
  upstream = createServer(
    listener(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const seen = { headers: request.headers, url: request.url, body: Buffer.concat(chunks).toString() };
      seen.closed = new Promise((resolve) => response.on("close", resolve));
      requests.push(seen);
      await answer(seen, response);
    }),
  );
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const PROVIDERS = { local: { issuer: idp.issuer, audience: "https://gate.example/arc" } };
  [gate, front] = [
    await startServe({ PROVIDERS }),
    await startServe({
      PROVIDERS,
      ARC_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/arc`,
      UPSTREAM_KEY: secret,
      UPSTREAM_ISSUER: "https://gate.example",
      UPSTREAM_AUDIENCE: "agents",
    }),
  ];
});

after(async () => {
  await Promise.all([gate?.close(), front?.close(), idp?.close()]);
  upstream?.closeAllConnections();
  upstream?.close();
});

const token = () => idp.token({ scope, resource: "https://gate.example/arc" });
const event = (n) =>
  `event: stream\ndata: {"chatId":"c","message":{"role":"agent","parts":[{"type":"TextPart","content":"${n}"}]}}\n\n`;

test("a Host that makes no URL is 400 on every route, and in the log", async () => {
  const raw = (path, host, more = "") =>
    new Promise((resolve, reject) => {
      const socket = connect(gate.port, "127.0.0.1", () =>
        socket.write(
          `${more === "" ? "GET" : "POST"} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`,
        ),
      );
      let text = "";
      socket.setEncoding("latin1").on("data", (data) => {
        text += data;
      });
      socket.on("error", reject).on("close", () => resolve(text.split("\r\n")[0]));
    });
  for (const host of ["a:99999", "[::1", "a b", "user@127.0.0.1", "127.0.0.1/x", "a?b", "a#b"]) {
    for (const path of ["/healthz", "/playground.json", "/", "/arcp", "/arc"]) {
      assert.match(await raw(path, host), /^HTTP\/1.1 400 /, `${path}, ${host}`);
    }
    assert.match(await raw("/arc", host, "Authorization: Bearer x\r\nContent-Length: 0\r\n"), /^HTTP\/1.1 400 /, host);
  }
  const types = new Set();
  for (const line of gate.log) {
    if (line.includes("host_malformed")) types.add(JSON.parse(line).type);
    assert.doesNotMatch(line, /TypeError|uncaught/i);
  }
  assert.deepEqual([...types].sort(), ["arc.request", "arcp.upgrade", "http.request"]);
});

test("bodies that are held open: so many of one principal, and everybody else goes on", async () => {
  const worker = await startServe({ STATIC_TOKENS: { "of-alice": "alice", "of-bob": "bob" } });
  const sockets = [];
  try {
    const hold = () =>
      new Promise((resolve) => {
        const socket = connect(worker.port, "127.0.0.1", () =>
          socket.write(
            "POST /arc HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer of-alice\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
          ),
        );
        socket.on("error", () => {}).once("data", (data) => resolve(String(data).split("\r\n")[0]));
        sockets.push(socket);
      });
    // 32 may be coming at a time: of 40, eight are answered at once.
    const answers = [];
    const refused = new Promise((resolve) => {
      for (let body = 0; body < 40; body += 1) hold().then((status) => answers.push(status) === 8 && resolve());
    });
    await refused;
    assert.deepEqual([...new Set(answers)], ["HTTP/1.1 429 Too Many Requests"]);
    assert.equal((await postArc(worker.url, { token: "of-bob" })).status, 200);
    const more = await postArc(worker.url, { token: "of-alice" });
    assert.deepEqual([more.status, more.json.error.code], [429, -44007]);
    await logged(worker.log, /"reason":"too_many_bodies"/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await worker.close();
  }
});

test("it verifies and runs an agent", async () => {
  const { status, json } = await postArc(gate.url, { token: await token() });
  assert.equal(status, 200, gate.log.join("\n"));
  assert.deepEqual(json.result.task.messages[0].parts, [{ type: "TextPart", content: "hello" }]);
  assert.equal((await postArc(gate.url, { token: "x" })).status, 401);
  assert.equal((await postArc(gate.url, {})).status, 401);
});

test("it sends the checked bytes on with an assertion, and hands the answer back", async () => {
  answer = ({ body }, response) => {
    const { id } = JSON.parse(body);
    response.writeHead(200, { "content-type": "application/arc+json", "set-cookie": "a=b" });
    response.end(
      JSON.stringify({ arc: "1.0", id, responseAgent: "far", targetAgent: "agent-7", result: { type: "task" } }),
    );
  };
  const body = JSON.stringify(envelope({ targetAgent: "far-away" }), null, 3);
  const jwt = await token();
  const { status, json, headers } = await postArc(front.url, {
    token: jwt,
    body,
    headers: { cookie: "own", "x-arcgate-principal": "forged", x_arcgate_principal: "forged" },
  });
  assert.deepEqual([status, json?.responseAgent], [200, "far"], front.log.join("\n"));
  assert.equal(headers.has("set-cookie"), false);
  const [{ headers: sent, body: came }] = requests.splice(0);
  assert.equal(came, body);
  assert.doesNotMatch(JSON.stringify(sent), new RegExp(`forged|own|${jwt}`));
  const { payload } = await jwtVerify(sent.authorization.slice(7), new TextEncoder().encode(secret), {
    issuer: "https://gate.example",
    audience: "agents",
  });
  assert.equal(payload.sub, Buffer.from(sent["x-arcgate-principal"], "base64url").toString());
  assert.match(payload.sub, /^jwt\|http:\/\/127/);
});

test("a redirect is not followed, and a slash is found", async () => {
  answer = ({ url, body }, response) => {
    if (url === "/arc/") {
      response.writeHead(200, { "content-type": "application/json" });
      const { id } = JSON.parse(body);
      return response.end(JSON.stringify({ arc: "1.0", id, responseAgent: "f", targetAgent: "a", result: {} }));
    }
    response.writeHead(307, { location: answer.location });
    response.end();
  };
  answer.location = "http://127.0.0.1:9/arc/";
  answer.location = "/elsewhere";
  const away = await postArc(front.url, { token: await token() });
  assert.deepEqual([away.status, away.json.error.code], [502, -41003]);
  assert.deepEqual(
    requests.splice(0).map(({ url }) => url),
    ["/arc"],
  );
  answer.location = `${front.url}/arc/`.replace(/:\d+/, `:${upstream.address().port}`);
  assert.equal((await postArc(front.url, { token: await token() })).status, 200);
  assert.deepEqual(
    requests.splice(0).map(({ url }) => url),
    ["/arc", "/arc/"],
  );
});

/** A request whose connection the test holds in its hand. `until(text)` waits for a part of the answer. */
async function held(body) {
  const socket = connect(front.port, "127.0.0.1");
  const head = [
    "POST /arc HTTP/1.1",
    "Host: gate.example",
    `Authorization: Bearer ${await token()}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  let answered = "";
  socket.on("data", (data) => {
    answered += data;
  });
  socket.on("error", () => {});
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  const until = async (text) => {
    while (!answered.includes(text)) await once(socket, "data");
  };
  return { socket, until };
}

const bounded = { timeout: 120_000 };

test("a stream comes as it comes; a client that goes takes the upstream's connection with it", bounded, async () => {
  for (const leave of [(socket) => socket.resetAndDestroy(), (socket) => socket.destroy()]) {
    let stream;
    answer = (_seen, response) => {
      stream = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event(1));
    };
    const { socket, until } = await held(JSON.stringify(streamed("far", "x")));
    await until('"content":"1"');
    stream.write(event(2).slice(0, 30));
    stream.write(event(2).slice(30));
    await until('"content":"2"');
    leave(socket);
    // Of one that only stops reading workerd learns when it writes.
    const ticks = setInterval(() => stream.write(event(3)), 50);
    await requests.splice(0)[0].closed;
    clearInterval(ticks);
  }
});

test("so does one that goes before there is an answer", bounded, async () => {
  const asked = new Promise((resolve) => {
    answer = resolve;
  });
  const { socket } = await held(JSON.stringify(envelope()));
  await asked;
  socket.resetAndDestroy();
  await requests.splice(0)[0].closed;
});

test("gateway mode: a session goes to the upstream as this user's own", bounded, async () => {
  const runtime = await startRuntime();
  const gateway = await startServe({
    PROVIDERS: { local: { issuer: idp.issuer, audience: "https://gate.example/arc" } },
    ARCP_UPSTREAM: runtime.url,
    UPSTREAM_KEY: secret,
    UPSTREAM_ISSUER: "https://gate.example",
    UPSTREAM_AUDIENCE: "agents",
  });
  try {
    const opened = runtime.next();
    const client = await session(`${gateway.url.replace("http", "ws")}/arcp`, await token());
    const behind = await opened;
    const { payload } = await jwtVerify(behind.hello.payload.auth.token, new TextEncoder().encode(secret), {
      issuer: "https://gate.example",
      audience: "agents",
    });
    assert.equal(payload.sub, `jwt|${idp.issuer}|demo`);
    assert.match(client.welcome.payload.resume_token, /^rg1\./);
    client.say("job.submit", { agent: "echo", input: 1 });
    assert.equal((await behind.next()).type, "job.submit");
    await client.close();
  } finally {
    await Promise.all([gateway.close(), runtime.close()]);
  }
});
