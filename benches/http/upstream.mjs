// The upstream, a process of its own: it answers each request of ARC with the same words.

import { createServer } from "node:http";
import { answer } from "./arms/answer.mjs";

createServer((request, response) => {
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "application/arc+json", "content-length": Buffer.byteLength(answer) });
    response.end(answer);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
