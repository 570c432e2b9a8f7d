// WebSockets over plain TCP, text frames only, both ends: so cheap that what is measured is the other side.

import { createHash, randomBytes } from "node:crypto";
import { connect as tcp } from "node:net";

const empty = Buffer.alloc(0);

/** Opens a WebSocket; resolves once it is open. `onText(text, socket)` sees each frame. */
export function open(url, onText) {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const stream = tcp(Number(port), hostname).setNoDelay();
    const socket = new Socket(stream, true, onText);
    let head = "";
    const answered = (chunk) => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      stream.off("data", answered);
      if (!head.startsWith("HTTP/1.1 101")) {
        stream.destroy();
        return void reject(new Error(`the upgrade was refused: ${head.slice(0, 300)}`));
      }
      socket.begin(Buffer.from(head.slice(end + 4), "latin1"));
      resolve(socket);
    };
    stream.on("data", answered).on("error", reject);
    stream.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
  });
}

/** The other end: for the `upgrade` event of an HTTP server. */
export function accept(request, stream, onText) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}\r\n\r\n`,
  );
  const socket = new Socket(stream.setNoDelay(), false, onText);
  socket.begin(empty);
  return socket;
}

class Socket {
  #stream;
  #isClient;
  #onText;
  #rest = empty;

  constructor(stream, isClient, onText) {
    this.#stream = stream;
    this.#isClient = isClient;
    this.#onText = onText;
    this.closed = new Promise((resolve) => stream.on("close", resolve).on("error", () => stream.destroy()));
  }

  begin(rest) {
    this.#stream.on("data", (chunk) => this.#take(chunk));
    if (rest.length > 0) this.#take(rest);
  }

  send(text) {
    this.#write(1, Buffer.from(text));
  }

  /** Says goodbye, and is closed by the peer's. */
  close() {
    this.#write(8, Buffer.from([3, 232]));
    return this.closed;
  }

  destroy() {
    this.#stream.destroy();
  }

  /** Reads no more: what the peer sends stays with the peer. */
  pause() {
    this.#stream.pause();
  }

  #write(opcode, payload) {
    if (this.#stream.destroyed) return;
    const mark = this.#isClient ? 0x80 : 0;
    const { length } = payload;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, mark | length])
        : length < 65536
          ? Buffer.from([0x80 | opcode, mark | 126, length >> 8, length & 255])
          : Buffer.from([0x80 | opcode, mark | 127, 0, 0, 0, 0, ...bytesOf(length)]);
    // A mask of zeros leaves the payload as it is: fair to the peer, which applies it all the same.
    this.#stream.write(Buffer.concat(this.#isClient ? [head, Buffer.alloc(4), payload] : [head, payload]));
  }

  #take(chunk) {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const size = this.#frame(data);
      if (size === 0) break;
      data = data.subarray(size);
    }
    this.#rest = data;
  }

  // Handles one frame at the start; gives its size, or 0 when it isn't all there.
  #frame(data) {
    if (data.length < 2) return 0;
    const opcode = data[0] & 15;
    const isMasked = data[1] >= 128;
    let length = data[1] & 127;
    let at = 2;
    if (length === 126) {
      if (data.length < 4) return 0;
      length = data.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (data.length < 10) return 0;
      length = data.readUInt32BE(6);
      at = 10;
    }
    const from = at + (isMasked ? 4 : 0);
    if (data.length < from + length) return 0;
    const payload = data.subarray(from, from + length);
    if (isMasked) for (let index = 0; index < length; index += 1) payload[index] ^= data[at + (index & 3)];
    if (opcode === 1) this.#onText(payload.toString(), this);
    else if (opcode === 9) this.#write(10, payload);
    else if (opcode === 8) {
      this.#write(8, payload);
      this.#stream.end();
    }
    return from + length;
  }
}

const bytesOf = (number) => [(number >>> 24) & 255, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
