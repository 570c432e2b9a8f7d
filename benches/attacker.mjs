// One greedy user, as a process of its own: `node attacker.mjs KIND URL TOKEN SECONDS`. What it sends is bounded by SECONDS, and
// it says at its end, as one line of JSON, what became of it: `{ sent, answers }`.

import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { frame, hello, ulid } from "../tests/lib/arcp.mjs";
import { open } from "./gate-socket.mjs";

const [kind, url, token, seconds] = process.argv.slice(2);
const until = Date.now() + Number(seconds) * 1000;
const { hostname, port } = new URL(url);
const socketUrl = `${url.replace("http", "ws")}/arcp`;
const report = { sent: 0, answers: {} };
const note = (answer) => {
  report.answers[answer] = (report.answers[answer] ?? 0) + 1;
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Calls `step` so many times a second until the time is up. */
async function steadily(perSecond, step) {
  for (let done = 0, began = Date.now(); Date.now() < until; await pause(10)) {
    for (const due = ((Date.now() - began) / 1000) * perSecond; done < due; done += 1) step();
  }
}

// A session whose frames are counted and thrown away.
async function session(more = {}) {
  let welcomed;
  let accepted;
  const isWelcome = new Promise((resolve) => (welcomed = resolve));
  const socket = await open(socketUrl, (text) => {
    const type = /"type":"([^"]+)"/.exec(text.slice(0, 300))?.[1] ?? "?";
    note(type);
    if (type === "session.welcome") welcomed(JSON.parse(text));
    if (type === "job.accepted") accepted?.(JSON.parse(text));
    if (type === "session.error") note(JSON.parse(text).payload.code);
  });
  socket.closed.then(() => note("closed"));
  socket.send(JSON.stringify(hello(token, more)));
  const { session_id } = await Promise.race([isWelcome, pause(5000).then(() => ({}))]);
  const say = (type, payload) => {
    report.sent += 1;
    socket.send(JSON.stringify(frame(type, payload, { session_id, id: ulid() })));
  };
  const submit = (agent, input) => {
    const answered = new Promise((resolve) => (accepted = resolve));
    say("job.submit", { agent, input });
    return answered;
  };
  return { socket, say, submit };
}

const body = (text) =>
  JSON.stringify({
    arc: "1.0",
    id: "r1",
    method: "task.create",
    requestAgent: "attacker",
    targetAgent: "echo",
    params: { initialMessage: { role: "user", parts: [{ type: "TextPart", content: text }] } },
  });

const keepAlive = new Agent({ keepAlive: true, maxSockets: 64 });
function post(bearer, text) {
  report.sent += 1;
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/arc+json" };
  return new Promise((resolve) => {
    request({ hostname, port, path: "/arc", method: "POST", headers, agent: keepAlive }, (response) => {
      note(response.statusCode);
      response.resume();
      response.on("close", resolve);
    })
      .on("error", () => {
        note("error");
        resolve();
      })
      .end(body(text));
  });
}

// Sockets of plain TCP: nothing answers for them.
function raw(head, rest = () => {}) {
  report.sent += 1;
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on("error", () => note("error"));
  socket.once("data", (data) => note(String(data).split("\r\n")[0]));
  socket.on("end", () => note("ended by the server"));
  socket.on("connect", () => {
    socket.write(head);
    rest(socket);
  });
}

const upgrade =
  `GET /arcp HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** Each kind of attacker; all hold a good token of their own, but for those who have none. */
const kinds = {
  async "bodies held open"() {
    const size = 1_000_000;
    const most = Buffer.alloc(size - 1, 32);
    const head = `POST /arc HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/arc+json\r\nContent-Length: ${size}\r\n\r\n`;
    for (let count = 0; count < 200; count += 1) raw(head, (socket) => socket.write(most));
    await pause(until - Date.now());
  },
  async "histories asked for"() {
    const { say, submit } = await session();
    const { payload, job_id } = await submit("count", { to: 2000 });
    await pause(1500);
    const burst = () => say("job.subscribe", { job_id: payload.job_id ?? job_id, history: true });
    for (let count = 0; count < 1500; count += 1) burst();
    await steadily(200, burst);
  },
  async "lists asked for"() {
    const { say, submit } = await session();
    for (let count = 0; count < 200; count += 1) await submit("echo", { text: "x".repeat(100) });
    await steadily(800, () => say("session.list_jobs", { limit: 200 }));
  },
  async "jobs submitted"() {
    const { say } = await session();
    await steadily(500, () => say("job.submit", { agent: "echo", input: { text: "x" } }));
  },
  async "large jobs submitted"() {
    const { say } = await session();
    const text = "x".repeat(200_000);
    await steadily(50, () => say("job.submit", { agent: "echo", input: { text } }));
  },
  async "large jobs over many sessions"() {
    const sessions = [];
    for (let count = 0; count < 28; count += 1) sessions.push(await session());
    const input = Array(480_000).fill(0);
    for (let count = 0; count < 4; count += 1)
      for (const { say } of sessions) say("job.submit", { agent: "echo", input });
    await pause(until - Date.now());
  },
  async "events nobody reads"() {
    const sessions = [];
    for (let count = 0; count < 8; count += 1) sessions.push(await session());
    for (const { socket, submit } of sessions) {
      await submit("count", { to: 100_000 });
      socket.pause();
    }
    await pause(until - Date.now());
  },
  async "silent sockets"() {
    await steadily(100, () => raw(upgrade));
  },
  async "wrong tokens, HTTP"() {
    await steadily(500, () => post(`wrong-${Math.random()}`, "x"));
  },
  async "wrong tokens, sockets"() {
    await steadily(100, () => {
      report.sent += 1;
      open(socketUrl, (text) => note(/"type":"([^"]+)"/.exec(text)?.[1]))
        .then((socket) => socket.send(JSON.stringify(hello(`wrong-${Math.random()}`))))
        .catch(() => note("refused"));
    });
  },
  async "requests, HTTP"() {
    await steadily(500, () => post(token, "x"));
  },
  async "large requests, HTTP"() {
    const text = "x".repeat(1_000_000);
    const ever = async () => {
      while (Date.now() < until) await post(token, text);
    };
    await Promise.all(Array.from({ length: 16 }, ever));
  },
  async "a body in tiny pieces"() {
    const head = `POST /arc HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/arc+json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const pieces = Buffer.from("1\r\n \r\n".repeat(10_000));
    raw(head, async (socket) => {
      while (Date.now() < until && !socket.destroyed) {
        if (!socket.write(pieces)) await Promise.race([once(socket, "drain"), pause(1000)]);
        else await pause(1);
      }
    });
    await pause(until - Date.now());
  },
};

if (!kinds[kind]) throw new Error(`no such attacker; there are ${Object.keys(kinds).join(", ")}`);
process.on("uncaughtException", (error) => note(error.code ?? error.message));
await Promise.race([kinds[kind](), pause(until - Date.now())]);
console.log(JSON.stringify(report));
process.exit(0);
