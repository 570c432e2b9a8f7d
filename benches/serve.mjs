// The same answers as in workerd, over the same protocol, from Node.

import { createServer } from "node:http";
import { handle } from "./handler.mjs";

/** Listens at the port of the first argument. `make` makes those who are measured. */
export function serve(make) {
  createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined;
      response.end(JSON.stringify(await handle(request.url, body, make)));
    } catch (error) {
      response.writeHead(500).end(error.stack ?? String(error));
    }
  }).listen(Number(process.argv[2]), "127.0.0.1");
}
