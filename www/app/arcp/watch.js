// A WebSocket that can be looked at, and cut. ArcpClient takes its class as an option.

/**
 * The class. `onSocket(number)` hears of each socket that is made, `onFrame({ way, text, number })` of each frame, and
 * `onEnd({ number, code, reason, isCut })` of each end. `cut()` ends what is open.
 */
export function watchedWebSocket({ onSocket, onFrame, onEnd }) {
  const open = new Set();
  let count = 0;

  class WatchedWebSocket extends WebSocket {
    #number;
    isCut = false;

    constructor(url, protocols) {
      super(url, protocols);
      count += 1;
      this.#number = count;
      open.add(this);
      onSocket(count);
      this.addEventListener("message", ({ data }) => onFrame({ way: "in", text: String(data), number: this.#number }));
      this.addEventListener("close", ({ code, reason }) => {
        open.delete(this);
        onEnd({ number: this.#number, code, reason, isCut: this.isCut });
      });
    }

    send(data) {
      onFrame({ way: "out", text: String(data), number: this.#number });
      super.send(data);
    }
  }

  return {
    WebSocket: WatchedWebSocket,
    // A page can't pull the plug. A code of its own says neither goodbye nor why: what is under way is lost.
    cut() {
      for (const socket of open) {
        if (socket.readyState !== WebSocket.OPEN) continue;
        socket.isCut = true;
        socket.close(4999, "cut by the user");
      }
    },
  };
}
