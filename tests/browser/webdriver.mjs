// A WebDriver client, as small as the tests need it: one browser, one page, scripts that may be asynchronous.

import { startAnew } from "../../scripts/setup/anew.mjs";
import { browsers, isBrowsersAccident } from "../../scripts/setup/browsers.mjs";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { bounded } from "../lib/bounded.mjs";
import { chromiumFlags } from "../lib/chromium-flags.mjs";

const { chromium, chromedriver, firefox, geckodriver } = browsers();

const drivers = {
  chromium: {
    command: [chromedriver, "--port=0"],
    started: /started successfully on port (\d+)/,
    own: "goog:chromeOptions",
    capabilities: {
      browserName: "chrome",
      "goog:chromeOptions": { binary: chromium, args: ["--headless=new", ...chromiumFlags] },
    },
  },
  firefox: {
    command: [geckodriver, "--port", "0"],
    started: /Listening on 127\.0\.0\.1:(\d+)/,
    own: "moz:firefoxOptions",
    capabilities: { browserName: "firefox", "moz:firefoxOptions": { binary: firefox, args: ["-headless"] } },
  },
};

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

// So long a driver, and then a browser, may take until it answers.
const PATIENCE = 60_000;

/**
 * Starts a browser: `open(url)`, `run(script, ...args)`, `close()`. `preferences` are Firefox's, as in about:config. One that is lost
 * before it is given is started again; `program` is another driver, `binary` another browser.
 */
export function startBrowser(name, options = {}) {
  return startAnew(name, () => start(name, options), { isPassing: isBrowsersAccident });
}

async function start(name, { preferences, program: other, binary, patienceMs = PATIENCE }) {
  const { command, started, capabilities: usual, own } = drivers[name];
  const capabilities = { ...usual, [own]: { ...usual[own] } };
  if (preferences) capabilities[own].prefs = preferences;
  if (binary) capabilities[own].binary = binary;
  const [usualProgram, ...args] = command;
  const program = other ?? usualProgram;
  if (!program) throw new Error(`no driver for ${name}: npm run setup -- browsers`);
  const said = [];
  let listening;
  const listens = new Promise((resolve) => {
    listening = resolve;
  });
  const driver = startGroup(program, args, {
    onLine: (line) => {
      if (said.length < 100) said.push(line);
      if (started.test(line)) listening(line.match(started)[1]);
    },
  });
  const gone = driver.ended.then(({ code }) => {
    throw new Error(`${program} ended with ${code}:\n${said.join("\n")}`);
  });
  // Whoever waits hears of it; nobody does once the browser is in use.
  gone.catch(() => {});
  const stop = () => endGroup(driver);
  const orGone = (promise, what) => bounded(Promise.race([promise, gone]), what, patienceMs);
  let port;

  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${name}, ${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };

  try {
    port = await orGone(listens, `word from ${program}`);
    const wanted = { capabilities: { alwaysMatch: { ...capabilities, timeouts: { script: 120_000 } } } };
    const { sessionId } = await orGone(call("POST", "/session", wanted), `answer of ${name}`);
    const session = `/session/${sessionId}`;
    return {
      name,
      open: (url) => call("POST", `${session}/url`, { url }),
      url: () => call("GET", `${session}/url`),
      back: () => call("POST", `${session}/back`, {}),
      reload: () => call("POST", `${session}/refresh`, {}),
      /** The tab that the other calls are about. */
      tab: () => call("GET", `${session}/window`),
      newTab: async () => (await call("POST", `${session}/window/new`, { type: "tab" })).handle,
      switchTo: (handle) => call("POST", `${session}/window`, { handle }),
      closeTab: () => call("DELETE", `${session}/window`),
      /** Presses what an XPath names, as a mouse would. */
      async click(xpath) {
        const { [ELEMENT]: id } = await call("POST", `${session}/element`, { using: "xpath", value: xpath });
        await call("POST", `${session}/element/${id}/click`, {});
      },
      /** Types into whatever has the focus. */
      async type(text) {
        const { [ELEMENT]: id } = await call("GET", `${session}/element/active`);
        await call("POST", `${session}/element/${id}/value`, { text });
      },
      resize: (width, height) => call("POST", `${session}/window/rect`, { width, height }),
      /** Chromium only: takes the network away from the tab, or gives it back. */
      setOffline: (offline) =>
        call("POST", `${session}/chromium/network_conditions`, {
          network_conditions: { offline, latency: 0, throughput: -1, download_throughput: -1, upload_throughput: -1 },
        }),
      /** Runs the body of an async function in the page, and gives what it returns. */
      run: (script, ...values) =>
        call("POST", `${session}/execute/sync`, {
          script: `return (async (...args) => { ${script} })(...arguments)`,
          args: values,
        }),
      async close() {
        await call("DELETE", session).catch(() => {});
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
