// The checks in Node: each request is made a Request first, as a user of any of them would.

import { check } from "bench:check";
import { createServer } from "node:http";
import { answer } from "./arms/answer.mjs";

createServer(async (incoming, response) => {
  if (incoming.method !== "POST") return response.end("ok");
  const { method, url, headers } = incoming;
  const request = new Request(`http://${headers.host}${url}`, { method, headers });
  if (!(await check(request))) return response.writeHead(401).end();
  response.writeHead(200, { "content-type": "application/arc+json", "content-length": Buffer.byteLength(answer) });
  response.end(answer);
}).listen(Number(process.argv[2]), "127.0.0.1");
