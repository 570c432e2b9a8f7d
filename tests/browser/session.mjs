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
  close: () => outcome(client.close("done").then(() => client.closed)),
};
