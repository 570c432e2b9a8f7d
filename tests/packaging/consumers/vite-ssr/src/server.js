import { createServer } from "node:http";
import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../check.mjs";

export const render = () => check({ JwtVerifier, TokenManager });

if (process.env.PORT) {
  const server = createServer(async (_, response) => response.end(await render()));
  server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(`listening on 127.0.0.1:${process.env.PORT}`));
}
