// What the gate is measured against: a Worker that only carries frames between a client and its upstream, and one
// that only holds a client's socket.

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok");
    const [theirs, ours] = Object.values(new WebSocketPair());
    ours.accept();
    if (pathname === "/hold") hold(ours);
    else carry(ours, await behind(env));
    return new Response(null, { status: 101, webSocket: theirs });
  },
};

async function behind(env) {
  const { webSocket } = await fetch(env.UPSTREAM, { headers: { upgrade: "websocket" } });
  webSocket.accept();
  return webSocket;
}

/** Carries frames both ways. */
export function carry(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.addEventListener("message", ({ data }) => to.send(data));
    from.addEventListener("close", ({ code, reason }) => to.close(code === 1005 ? 1000 : code, reason));
  }
}

// The answers that a session needs to be open, and nothing after them.
function hold(socket) {
  socket.addEventListener("message", ({ data }) => {
    if (data.includes('"session.hello"')) socket.send('{"type":"session.welcome","session_id":"sess_0","payload":{}}');
  });
  socket.addEventListener("close", () => socket.close(1000));
}
