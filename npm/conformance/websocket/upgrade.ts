// RFC 6455 §4: the upgrade, over TCP or TLS.

import { type Stream, connect as tcp } from "node:net";
import { rootCertificates, connect as tls } from "node:tls";

const MAX_HEAD_BYTES = 16_384;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** No WebSocket came about. `status` is the answer's, if there was one. */
export class NotOpened extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface UpgradeOptions {
  timeoutMs: number;
  /** Certificates (PEM) of authorities that are trusted besides the public ones. */
  ca?: string;
}

/** An upgraded stream, and what came behind the answer's head. */
export interface Upgraded {
  stream: Stream;
  rest: Uint8Array;
}

/** Opens a WebSocket's stream, and checks the answer as RFC 6455 §4.1 says. */
export async function upgrade(url: URL, { timeoutMs, ca }: UpgradeOptions): Promise<Upgraded> {
  const key = base64(crypto.getRandomValues(new Uint8Array(16)));
  const accept = base64(new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID))));
  const isSecure = url.protocol === "wss:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (isSecure ? 443 : 80));
  const isName = !/^[\d.]+$|:/.test(host);
  const stream = isSecure
    ? tls({
        host,
        port,
        ALPNProtocols: ["http/1.1"],
        ...(isName && { servername: host }),
        ...(ca && { ca: [...rootCertificates, ca] }),
      })
    : tcp({ host, port });
  stream.setNoDelay(true);
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
  ];
  return new Promise((resolve, reject) => {
    let head = new Uint8Array(0);
    let isOver = false;
    const over = (error?: Error) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (!error) return;
      stream.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => over(new NotOpened(`no answer to the upgrade within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    stream.on(isSecure ? "secureConnect" : "connect", () => stream.write(`${lines.join("\r\n")}\r\n\r\n`));
    stream.on("error", (error) => over(new NotOpened(`no connection: ${error.code ?? error.message}`)));
    stream.on("close", () => over(new NotOpened("the connection was closed before the upgrade was answered")));
    stream.on("data", (bytes) => {
      if (isOver) return;
      head = joined(head, bytes);
      const end = endOfHead(head);
      if (end === undefined) {
        if (head.length > MAX_HEAD_BYTES) over(new NotOpened("the answer to the upgrade has no end"));
        return;
      }
      const problem = refusal(new TextDecoder("latin1").decode(head.subarray(0, end)), accept);
      if (problem) return over(problem);
      over();
      // Nothing more is read until whoever asked for it listens.
      stream.pause();
      resolve({ stream, rest: head.slice(end) });
    });
  });
}

function refusal(head: string, accept: string): NotOpened | undefined {
  const [line = "", ...fields] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1]);
  if (!status) return new NotOpened("the answer to the upgrade is no HTTP/1.1");
  if (status !== 101) return new NotOpened(`the upgrade was answered with ${status}`, status);
  const value = (name: string) =>
    fields
      .find((field) => field.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (value("upgrade")?.toLowerCase() !== "websocket") return new NotOpened("Upgrade is not websocket", status);
  if (value("sec-websocket-accept") !== accept) return new NotOpened("Sec-WebSocket-Accept is wrong", status);
  if (value("sec-websocket-extensions")) return new NotOpened("an extension that nobody asked for", status);
  return undefined;
}

function endOfHead(bytes: Uint8Array): number | undefined {
  for (let i = 3; i < bytes.length; i += 1)
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) return i + 1;
  return undefined;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
