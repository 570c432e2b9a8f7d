// What the platform itself takes for a hub that sleeps: a Worker that only carries frames between a client and an object of its own,
// which keeps a row and an alarm, and whose socket outlives its memory. With TIMER, each connection has a timer, as heartbeats need.

import { carry } from "./gate-pipe.mjs";

const DAY_MS = 24 * 60 * 60 * 1000;

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/healthz") return new Response("ok");
    const [theirs, ours] = Object.values(new WebSocketPair());
    ours.accept();
    const hub = env.RUNTIME_HUB.get(env.RUNTIME_HUB.newUniqueId());
    const { webSocket } = await hub.fetch("https://hub/", { headers: { upgrade: "websocket" } });
    webSocket.accept();
    carry(ours, webSocket);
    if (env.TIMER) tick(Number(env.HEARTBEAT) * 1000);
    return new Response(null, { status: 101, webSocket: theirs });
  },
};

function tick(everyMs) {
  setTimeout(() => tick(everyMs), everyMs);
}

export class RuntimeHub {
  #state;

  constructor(state) {
    this.#state = state;
  }

  fetch() {
    const [theirs, ours] = Object.values(new WebSocketPair());
    this.#state.acceptWebSocket(ours);
    return new Response(null, { status: 101, webSocket: theirs });
  }

  webSocketMessage(socket, text) {
    if (!text.includes('"session.hello"')) return;
    const { storage } = this.#state;
    storage.sql.exec("CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, hello TEXT) WITHOUT ROWID");
    storage.sql.exec("INSERT OR REPLACE INTO session VALUES (?, ?)", "sess_0", text);
    storage.setAlarm(Date.now() + DAY_MS);
    socket.serializeAttachment([1, "sess_0 paced"]);
    socket.send('{"type":"session.welcome","session_id":"sess_0","payload":{}}');
  }

  webSocketClose(socket) {
    socket.close(1000);
  }

  alarm() {}
}
