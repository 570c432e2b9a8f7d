// Ways to break a runtime.

/** Replaces what goes out at last. */
export const outgoing = (change) => (runtime) => {
  runtime.last = (message, connection) => change(structuredClone(message), connection, runtime) ?? message;
};
export const onType = (type, change) =>
  outgoing((message, ...more) => (message.type === type ? change(message, ...more) : message));
export const payload = (type, changes) =>
  onType(type, (message) => ({ ...message, payload: { ...message.payload, ...changes } }));
export const body = (kind, changes) =>
  onType("job.event", (message) => {
    if (message.payload.kind === kind) Object.assign(message.payload.body, changes);
    return message;
  });
export const method = (name, made) => (runtime) => {
  runtime[name] = made(runtime[name]?.bind(runtime), runtime);
};
export const without = (message, name) => {
  delete message[name];
  return message;
};
// The runner's acquaintance takes three connections.
export const later = (runtime) => runtime.connections > 3;
/** Cuts a socket at a frame that looks like that, before the WebSocket library sees it. */
export const cutAt = (test) => (runtime) => {
  runtime.refusesUpgrade = (socket) => {
    socket.on("data", (bytes) => test(bytes[0]) && socket.destroy());
    return false;
  };
};
