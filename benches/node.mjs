// The benchmark in Node: the same answers over the same protocol as in workerd.

import { createServer } from "node:http";
import { handle } from "./handler.mjs";

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined;
    response.end(JSON.stringify(await handle(request.url, body)));
  } catch (error) {
    response.writeHead(500).end(error.stack);
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
