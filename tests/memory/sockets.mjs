// Workers' pairs of sockets, in the memory of one process, and the answers that hand them over.

/** Two ends: what one sends, the other one is told in a later turn. */
class Pair {
  constructor() {
    const [one, other] = [new End(), new End()];
    one.peer = other;
    other.peer = one;
    Object.assign(this, { 0: one, 1: other });
  }
}

class End extends EventTarget {
  #isClosed = false;

  accept() {}

  send(data) {
    if (this.#isClosed) throw new TypeError("closed");
    this.#tell(Object.assign(new Event("message"), { data }));
  }

  close(code = 1000, reason = "") {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tell(Object.assign(new Event("close"), { code, reason, wasClean: true }));
  }

  #tell(event) {
    const { peer } = this;
    queueMicrotask(() => {
      peer[`on${event.type}`]?.(event);
      peer.dispatchEvent(event);
    });
  }
}

// Node's Response knows no 101.
class UpgradingResponse extends Response {
  constructor(body, init) {
    super(body, init?.status === 101 ? undefined : init);
    if (init?.status === 101) Object.assign(this, { webSocket: init.webSocket, isUpgrade: true });
  }

  get status() {
    return this.isUpgrade ? 101 : super.status;
  }
}

globalThis.WebSocketPair = Pair;
globalThis.Response = UpgradingResponse;
