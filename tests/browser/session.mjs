// What the tests of ArcpClient do within a page. WebDriver calls these by name: `session.connect(url, token)`.

import { ArcpClient } from "/pkg/entry.web.js";

let client;
let job;
const told = [];
const seen = [];

const outcome = (promise) =>
  promise.then(
    (value) => ({ value }),
    ({ code, details }) => ({ code, peer: details?.code }),
  );

globalThis.session = {
  connect: (url, token) =>
    outcome(
      ArcpClient.connect(url, {
        client: { name: "page", version: "1" },
        auth: { scheme: "bearer", token },
        reconnect: { maxDelayMs: 200 },
        onEvent: ({ type }) => told.push(type),
      }).then((connected) => {
        client = connected;
        return [client.state, client.runtime.name, client.agents.map(({ name }) => name)];
      }),
    ),
  echo: (input) => outcome(client.submit({ agent: "echo", input }).then(({ result }) => result)),
  /** Begins to count; the numbers are read as they come. */
  async count(to, delayMs) {
    job = await client.submit({ agent: "count", input: { to, delayMs } });
    seen.length = 0;
    (async () => {
      for await (const { kind, body } of job) if (kind === "progress") seen.push(body.current);
    })();
  },
  /** Once so much was counted. */
  async counted(to) {
    while ((seen.at(-1) ?? 0) < to) await new Promise((resolve) => setTimeout(resolve, 5));
    return true;
  },
  result: async () => ({ ...(await outcome(job.result)), seen: [...seen] }),
  cancel: () => outcome(job.cancel("enough")),
  told: () => [...told],
  /** Once the session has gone on so often. */
  async resumed(times) {
    while (told.filter((type) => type === "resumed").length < times)
      await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
  /**
   * Loses a connection of its own for good, and looks what follows at once, in a pause, on a focus: of a field, and of the page.
   */
  async focused(url, token) {
    const field = document.body.appendChild(document.createElement("input"));
    const heard = [];
    let onPause;
    const pause = new Promise((resolve) => {
      onPause = resolve;
    });
    const sockets = [];
    const OneOnly = class extends WebSocket {
      constructor(...args) {
        super(...(sockets.length === 0 ? args : ["ws://127.0.0.1:9", args[1]]));
        sockets.push(this);
      }
    };
    const own = await ArcpClient.connect(url, {
      client: { name: "page", version: "1" },
      auth: { scheme: "bearer", token },
      reconnect: { maxDelayMs: 60_000 },
      WebSocket: OneOnly,
      onEvent(event) {
        heard.push(event.type);
        // One that lasts: what comes within it comes of nothing else.
        if (event.type === "reconnecting" && event.delayMs > 1500) onPause();
      },
    });
    sockets[0].close();
    await pause;
    const after = async (act) => {
      const before = heard.length;
      act();
      await new Promise((resolve) => setTimeout(resolve));
      return heard.slice(before);
    };
    const ofField = await after(() => field.dispatchEvent(new FocusEvent("focus")));
    const ofPage = await after(() => globalThis.dispatchEvent(new FocusEvent("focus")));
    await own.close();
    field.remove();
    return { ofField, ofPage: ofPage[0] };
  },
  close: () => outcome(client.close("done").then(() => client.closed)),
};
