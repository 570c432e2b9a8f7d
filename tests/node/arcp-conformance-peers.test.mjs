// Runtimes that the conformance runner must bear: those that read the specification otherwise where it leaves that open, and
// those that do their worst.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { readOptions } from "../../pkg/conformance/options.js";
import { count } from "../../pkg/conformance/report/report.js";
import { textReport } from "../../pkg/conformance/report/text.js";
import { runConformance } from "../../pkg/conformance/run.js";
import { Secrets } from "../../pkg/conformance/secrets.js";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";

const tokens = ["--token", "tok-alice-1234", "--token2", "tok-bob-5678"];
const optionsFor = (url, ...args) => readOptions([url, ...tokens, ...args], {}, () => "");

/** A run of some rules against a runtime with a change. */
async function run(change, only) {
  const runtime = await startConformingRuntime(change);
  try {
    return await runConformance({ ...optionsFor(runtime.url, "--timeout", "3"), only });
  } finally {
    await runtime.close();
  }
}

const renamed = (from, to) => (runtime) => {
  runtime[to] = runtime[from];
  delete runtime[from];
};

describe("a reading that the specification allows passes, and is told", { concurrency: 6 }, () => {
  const readings = {
    "session.resume takes a session up": [
      (runtime) => {
        const { hello } = runtime;
        runtime.hello = (connection, { type, payload }) => {
          const { auth, ...resume } = payload;
          const asked =
            type === "session.resume" ? { type: "session.hello", payload: { auth, resume } } : { type, payload };
          if (type === "session.hello" && payload.resume) return runtime.refuse(connection, "INVALID_REQUEST");
          // What was agreed on in the hello holds on.
          const features = runtime.sessions.get(resume.session_id)?.features ?? [];
          if (asked.payload.resume) asked.payload.capabilities = { features: [...features] };
          hello.call(runtime, connection, asked);
        };
      },
      ["11", "13", "22", "57", "133", "134", "140", "A3", "A8"],
    ],
    "a refusal of a submit by job.error": [
      (runtime) => {
        runtime.error = (session, code, id) => runtime.say(session, "job.error", runtime.errorPayload(code, id));
      },
      ["34", "41", "71", "A5"],
    ],
    "no request is named in what answers it": [
      (runtime) => {
        runtime.last = (message) => {
          delete message.payload.request_id;
          return message;
        };
      },
      ["26", "27", "33", "34", "45", "46", "52", "A5", "A6"],
    ],
    "a foreign job is PERMISSION_DENIED": [
      (runtime) => {
        runtime.unseen = (job) => (job ? "PERMISSION_DENIED" : "JOB_NOT_FOUND");
      },
      ["28", "52", "54", "100", "A6"],
    ],
    "what is acknowledged is kept": [renamed("session.ack", "x"), ["14", "22"]],
    "no heartbeat is offered": [
      (runtime) => {
        const { welcome } = runtime;
        runtime.welcome = (session) => {
          session.features.delete("heartbeat");
          return welcome.call(runtime, session);
        };
      },
      ["13", "16", "18", "29", "52", "53"],
    ],
  };
  for (const [name, [change, only]] of Object.entries(readings))
    test(name, async () => {
      const report = await run(change, only);
      const failed = report.rules.filter(({ outcome }) => outcome === "fail");
      assert.deepEqual(
        failed.map(({ rule, reason }) => `${rule}: ${reason}`),
        [],
      );
      assert.ok(count(report, "pass") >= only.length - 2);
    });
});

/** A server that upgrades, and then does what `speak` says with the bytes. */
async function hostile(speak) {
  const server = createServer();
  const sockets = [];
  server.on("upgrade", (request, socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    sockets.push(socket.on("error", () => {}));
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    speak(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `ws://127.0.0.1:${server.address().port}/arcp`, close };
}

const text = (what) => {
  const data = Buffer.from(what);
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
};

describe("a server that is hostile before its welcome is out of reach, and harms nobody", { concurrency: 6 }, () => {
  const ways = {
    "a masked frame": (socket) => socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 65])),
    "reserved bits": (socket) => socket.write(Buffer.from([0xf1, 0])),
    "a frame of an exabyte": (socket) => socket.write(Buffer.from([0x81, 127, 15, 255, 255, 255, 255, 255, 255, 255])),
    "a continuation of nothing": (socket) => socket.write(Buffer.from([0x80, 0])),
    "a long ping": (socket) => socket.write(Buffer.concat([Buffer.from([0x89, 126, 0, 200]), Buffer.alloc(200)])),
    "an opcode that there is not": (socket) => socket.write(Buffer.from([0x83, 0])),
    "no UTF-8": (socket) => socket.write(Buffer.from([0x81, 1, 0xff])),
    "JSON of great depth": (socket) => socket.write(text(`${"[".repeat(200_000)}`)),
    "a close whose reason moves cursors": (socket) =>
      socket.write(Buffer.concat([Buffer.from([0x88, 10, 0x0f, 0xa0]), Buffer.from("\u001b[2J\u0007tok")])),
    "a flood of fragments": (socket) => {
      socket.write(Buffer.from([0x01, 0]));
      const empty = Buffer.alloc(100_000);
      const pour = () => {
        while (!socket.destroyed && socket.write(empty));
      };
      socket.on("drain", pour);
      pour();
    },
    "a flood of pings": (socket) => {
      const pings = Buffer.alloc(100_000, Buffer.from([0x89, 0]));
      const pour = () => {
        while (!socket.destroyed && socket.write(pings));
      };
      socket.on("drain", pour);
      pour();
    },
    "a flood of messages": (socket) => {
      const one = text("x".repeat(1_000_000));
      const pour = () => {
        while (!socket.destroyed && socket.write(one));
      };
      socket.on("drain", pour);
      pour();
    },
  };
  for (const [name, speak] of Object.entries(ways))
    test(name, async () => {
      const server = await hostile(speak);
      try {
        // A flood is cut off, however long that takes; the others may be silent.
        const run = runConformance(optionsFor(server.url, "--timeout", name.startsWith("a flood") ? "25" : "2"));
        await assert.rejects(run, ({ exitCode, message }) => {
          if (name.startsWith("a flood")) assert.match(message, /closed with 1006/);
          return exitCode === 2 && message.length < 400;
        });
      } finally {
        await server.close();
      }
    });
});

describe("a runtime that is hostile within a session fails, and harms nobody", { concurrency: 6 }, () => {
  const raw = (what) => (runtime) => {
    const { "session.ping": ping } = runtime;
    runtime["session.ping"] = (session, ...more) => {
      session.connection.socket.send(typeof what === "function" ? what(session) : what);
      return ping.call(runtime, session, ...more);
    };
  };
  const ways = {
    "payloads of great depth": raw(
      `{"arcp":"1.1","id":"1","type":"job.event","payload":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    ),
    "a prototype": raw('{"__proto__":{"type":"session.welcome"},"payload":{"__proto__":[]},"constructor":null}'),
    "numbers of great length": raw(
      `{"arcp":"1.1","id":1,"type":7,"event_seq":${"9".repeat(5000)},"payload":[${"9".repeat(5000)}]}`,
    ),
    "escape sequences": raw("\u001b[2J\u001b]0;title\u0007"),
  };
  for (const [name, change] of Object.entries(ways))
    test(name, async () => {
      const report = await run(change, ["16", "53", "119", "122", "123"]);
      assert.ok(count(report, "fail") > 0);
      for (const { reason } of report.rules) assert.ok(!reason?.includes("the runner's own error"), reason);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.ok(!/[\x00-\x09\x0b-\x1f]/.test(textReport(report)));
    });

  test("its words about a token are left out wherever they stand", async () => {
    const token = "tok-alice-1234";
    const report = await run(
      (runtime) => {
        const { welcome } = runtime;
        runtime.welcome = (session) => {
          const told = welcome.call(runtime, session);
          return { ...told, runtime: { name: `for ${token}`, version: token } };
        };
        runtime.errorPayload = (_, request_id) => ({ code: token, message: token, retryable: false, request_id });
        runtime.refuse = ({ socket }) => socket.close(1008, token);
      },
      ["A5", "A6", "131", "46", "A9"],
    );
    assert.ok(count(report, "fail") >= 3);
    assert.ok(!JSON.stringify(report).includes("alice-12"));
    assert.ok(!textReport(report).includes("alice-12"));
  });

  test("a resume token as long as a message fills no memory with its pieces, and is left out", () => {
    const secrets = new Secrets();
    let token = "rt-";
    for (let i = 0; i < 2_600_000; i += 1) token += String(i).padStart(7, "0");
    secrets.addResumeToken(token);
    assert.equal(secrets.redact(`${token.slice(0, 1980)}…`), "[redacted]…");
  });

  test("welcomes without end are cut off: each has a token that is looked for from then on", async () => {
    const welcomes = ({ connection }) => {
      for (let i = 0; i < 5; i += 1)
        connection.socket.send(
          `{"arcp":"1.1","id":"${i}","type":"session.welcome","payload":{"resume_token":"rt-${i}"}}`,
        );
      return "{}";
    };
    const report = await run(raw(welcomes), ["16"]);
    assert.match(report.rules.find(({ rule }) => rule === "16").reason, /cut off by the runner: more than 4 welcomes/);
  });

  test("and so they are where nobody is let in", async () => {
    const closes = (runtime) => {
      runtime.hello = ({ socket }) => socket.close(1008, "no tok-alice-1234");
    };
    await assert.rejects(run(closes, ["8"]), ({ message, exitCode }) => {
      assert.equal(exitCode, 2);
      return message.includes("[redacted]") && !message.includes("alice");
    });
  });
});
