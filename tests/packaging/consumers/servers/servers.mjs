// Each framework's way to listen; all of them are closed at the end.

import { once } from "node:events";

const closes = [];

/** Serves a listener of Node's at a free port. */
export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closes.push(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

export async function listenFastify(app) {
  closes.push(() => app.close());
  return app.listen({ port: 0, host: "127.0.0.1" });
}

export async function closeAll() {
  for (const close of closes) await close();
}

/** Asks a handler that takes a Request, without a socket. Several fields are joined as a server does it. */
export function askBy(handler, path = "/reports/mine") {
  return async (fields) => {
    const headers = new Headers(fields.map((value) => ["authorization", value]));
    const response = await handler(new Request(new URL(path, "https://api.example.com"), { headers }));
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), body: JSON.parse(text) };
  };
}
