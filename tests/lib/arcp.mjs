// ARCP over a raw socket for tests: any frame goes out, and what comes in is looked at one by one.

import { randomBytes } from "node:crypto";
import { connect as tcp } from "node:net";
import { bounded } from "./bounded.mjs";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// Much longer than anything takes: what is waited for here is another process, on a machine that may be busy.
const PATIENCE = 30_000;

/** A ULID: 48 bits of time, 80 of chance. */
export function ulid(now = Date.now()) {
  let bits = (BigInt(now) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
  let text = "";
  for (let i = 0; i < 26; i++, bits >>= 5n) text = alphabet[Number(bits & 31n)] + text;
  return text;
}

/** An envelope; `changes` replace its members, and those set to undefined go. */
export function frame(type, payload = {}, changes = {}) {
  return { arcp: "1.1", id: ulid(), type, payload, ...changes };
}

export const features = ["heartbeat", "ack", "list_jobs", "subscribe", "progress", "result_chunk", "agent_versions"];

/** A `session.hello`. `changes` replace members of its payload. */
export function hello(token, changes = {}, envelope = {}) {
  return frame(
    "session.hello",
    {
      client: { name: "raw", version: "1" },
      auth: { scheme: "bearer", token },
      capabilities: { encodings: ["json"], features },
      ...changes,
    },
    envelope,
  );
}

/**
 * A socket whose frames are read with `next()`: parsed JSON, or `{ closed: { code, reason, clean } }` for good.
 * Nothing waits longer than `patienceMs`, and a wait that fails says what it waited for.
 */
export async function rawSocket(url, { patienceMs = PATIENCE, headers, protocols } = {}) {
  const socket = new WebSocket(url, headers || protocols ? { headers, protocols } : undefined);
  socket.binaryType = "arraybuffer";
  const queue = [];
  const waiting = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : queue.push(item));
  let end;
  let fail;
  const closed = new Promise((resolve) => {
    const finish = (how) => {
      if (end) return;
      end = how;
      resolve(end);
      put({ closed: end });
    };
    fail = () => finish({ code: 1006, reason: "", clean: false });
    socket.addEventListener("close", ({ code, reason, wasClean: clean }) => finish({ code, reason, clean }));
  });
  socket.addEventListener("message", ({ data }) =>
    put(typeof data === "string" ? JSON.parse(data) : { binary: new Uint8Array(data) }),
  );
  const within = (promise, what) => bounded(promise, what, patienceMs);
  const next = (what = "frame") => {
    if (queue.length) return Promise.resolve(queue.shift());
    if (end) return Promise.resolve({ closed: end });
    return within(new Promise((resolve) => waiting.push(resolve)), what);
  };
  const open = await within(
    new Promise((resolve) => {
      socket.addEventListener("open", () => resolve(true), { once: true });
      closed.then(() => resolve(false));
      // A refused upgrade is an error, and no close follows it.
      socket.addEventListener("error", () => {
        if (socket.readyState === WebSocket.CONNECTING || socket.readyState === WebSocket.CLOSED) fail();
      });
    }),
    "answer to the upgrade",
  );
  return {
    socket,
    open,
    /** A frame as an object, or text or bytes as they are. Gives the envelope's id. */
    send(what) {
      const raw = typeof what === "string" || ArrayBuffer.isView(what) || what instanceof ArrayBuffer;
      socket.send(raw ? what : JSON.stringify(what));
      return raw ? undefined : what.id;
    },
    next,
    /** The next frame of this type; others on the way are given to `seen`. */
    async until(type, seen = () => {}) {
      for (;;) {
        const got = await next(type);
        if (got.type === type) return got;
        if (got.closed) throw new Error(`closed with ${got.closed.code} (${got.closed.reason}) instead of ${type}`);
        seen(got);
      }
    },
    /** All frames until the socket is closed, and how it was. */
    async toEnd() {
      const frames = [];
      for (;;) {
        const got = await next("end");
        if (got.closed) return { frames, ...got.closed };
        frames.push(got);
      }
    },
    closed: () => within(closed, "close"),
    close(code, reason) {
      socket.close(code, reason);
      return within(closed, "close");
    },
  };
}

/** A socket that has said hello and was welcomed. `welcome` is the frame. */
export async function session(url, token, { hello: changes, ...options } = {}) {
  const socket = await rawSocket(url, options);
  socket.send(hello(token, changes));
  const welcome = await socket.next("welcome");
  if (welcome.type !== "session.welcome") throw new Error(`not welcomed: ${JSON.stringify(welcome)}`);
  const session_id = welcome.session_id ?? welcome.payload.session_id;
  return {
    ...socket,
    welcome,
    id: session_id,
    /** Sends a frame of this session. Gives its id. */
    say: (type, payload, changes) => socket.send(frame(type, payload, { session_id, ...changes })),
    /** What a hello shows to bring this session back. */
    resumption: (last_event_seq) => ({ session_id, resume_token: welcome.payload.resume_token, last_event_seq }),
  };
}

/**
 * The HTTP answer to an upgrade as it is written: any Host, Origin, path or method, which no WebSocket client would
 * send. Gives the status, and an open socket for none of them.
 */
export function upgrade(url, { host, path, headers = {}, method = "GET", patienceMs = PATIENCE } = {}) {
  const target = new URL(url);
  const lines = {
    host: host ?? target.host,
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const socket = tcp(Number(target.port), target.hostname);
    let text = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to the upgrade within ${patienceMs} ms`));
    }, patienceMs);
    socket.setEncoding("latin1");
    socket.on("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection ended without an answer to the upgrade"));
    });
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      text += chunk;
      const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
      if (!status || !text.includes("\r\n\r\n")) return;
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: Number(status), head: text.slice(0, text.indexOf("\r\n\r\n")) });
    });
    const head = Object.entries(lines)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`);
    socket.write(`${method} ${path ?? target.pathname + target.search} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
  });
}
