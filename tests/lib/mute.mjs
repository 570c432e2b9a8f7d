// The two ends of a WebSocket that never answer a close: no library would do that, and nobody would notice one that does.

import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { bounded } from "./bounded.mjs";

/** `socket.until(test)` waits for what came, as bytes; `socket.ended` for the other side's end of the connection. */
function watched(socket, patienceMs) {
  let came = Buffer.alloc(0);
  const waiting = new Set();
  socket.on("error", () => {});
  socket.on("data", (data) => {
    came = Buffer.concat([came, data]);
    for (const look of waiting) look();
  });
  const within = (promise, what) => bounded(promise, what, patienceMs);
  const ended = new Promise((resolve) => {
    socket.on("end", resolve);
    socket.on("close", resolve);
  });
  return {
    until(test, what) {
      const found = new Promise((resolve) => {
        const look = () => {
          if (!test(came)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
      return within(found, what);
    },
    ended: () => within(ended, "end of the connection"),
    destroy: () => socket.destroy(),
  };
}

/** Whether a close frame with this code is among the bytes: unmasked when a server sent it. */
const hasClose = (code) => (bytes) => bytes.includes(Buffer.from([code >> 8, code & 255]));

/** A client that opens a socket at `url`, may say something, and lets no close move it. */
export async function muteClient(url, { headers = {}, patienceMs = 20_000 } = {}) {
  const { hostname, port, pathname, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const self = watched(socket, patienceMs);
  const lines = {
    Host: host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname} HTTP/1.1\r\n${head.join("")}\r\n`);
  await self.until((bytes) => bytes.includes("\r\n\r\n"), "answer to the upgrade");
  return {
    ...self,
    say(what) {
      const body = Buffer.from(JSON.stringify(what));
      const length = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
      // A mask of zeroes is one.
      socket.write(Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), body]));
    },
    told: (text) => self.until((bytes) => bytes.includes(text), text),
    closed: (code) => self.until(hasClose(code), `close with ${code}`),
  };
}

/** The other end of an upgrade that came to a server: it takes it, and lets no close move it either. */
export function muteServer(request, socket, { patienceMs = 20_000 } = {}) {
  socket.allowHalfOpen = true;
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  const head = ["HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  const self = watched(socket, patienceMs);
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return {
    ...self,
    say(what) {
      const body = Buffer.from(JSON.stringify(what));
      const length = body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 255];
      socket.write(Buffer.concat([Buffer.from([0x81, ...length]), body]));
    },
  };
}
