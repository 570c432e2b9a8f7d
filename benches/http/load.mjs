// The client: some connections that are kept, on each of them one request at a time.

import { connect } from "node:net";

const end = Buffer.from("\r\n\r\n");
const patienceMs = 20_000;

/** Sends every request, as many at a time as there are connections. Throws where one is not answered with 200. */
export async function send(connections, requests) {
  let next = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (next < requests.length) await connection.ask(requests[next++]);
    }),
  );
}

/** A request as it goes over the wire. */
export function requestOf(token, body) {
  return Buffer.from(
    [
      "POST /arc HTTP/1.1",
      "host: 127.0.0.1",
      "accept: application/json",
      "content-type: application/arc+json",
      `content-length: ${Buffer.byteLength(body)}`,
      `authorization: Bearer ${token}`,
      "",
      body,
    ].join("\r\n"),
  );
}

/** A connection that is kept. `ask(request)` gives the body of its answer; workerd closes one that was idle for 5 s. */
export async function open(port) {
  const socket = connect(port, "127.0.0.1").setNoDelay(true).setTimeout(patienceMs);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let got = Buffer.alloc(0);
  let waiting;
  const fail = (why) => waiting?.reject(why);
  socket.on("error", fail).on("close", () => fail(new Error("the server has closed the connection")));
  socket.on("timeout", () => socket.destroy());
  socket.on("data", (bytes) => {
    got = got.length === 0 ? bytes : Buffer.concat([got, bytes]);
    const answer = answerIn(got);
    if (answer === undefined) return;
    got = Buffer.alloc(0);
    waiting.resolve(answer);
  });
  const ask = (request) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      socket.write(request, (failed) => failed && reject(failed));
    });
  return { ask, close: () => socket.destroy() };
}

// The body of a whole answer; undefined while there is more to come.
function answerIn(bytes) {
  const head = bytes.indexOf(end);
  if (head < 0) return undefined;
  const fields = bytes.latin1Slice(0, head);
  const body = bytes.subarray(head + 4);
  if (!fields.startsWith("HTTP/1.1 200")) throw new Error(`${fields}\n\n${body}`);
  const length = /\ncontent-length: (\d+)/i.exec(fields)?.[1];
  if (length !== undefined) return body.length < Number(length) ? undefined : body.toString();
  return body.latin1Slice(-5) === "0\r\n\r\n" ? body.toString() : undefined;
}
