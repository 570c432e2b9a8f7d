// A WebDriver client, as small as the tests need it: one browser, one page, scripts that may be asynchronous.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { browsers } from "../../scripts/setup/browsers.mjs";
import { chromiumFlags } from "../lib/chromium-flags.mjs";

const { chromium, chromedriver, firefox, geckodriver } = browsers();

const drivers = {
  chromium: {
    command: [chromedriver, "--port=0"],
    started: /started successfully on port (\d+)/,
    capabilities: {
      browserName: "chrome",
      "goog:chromeOptions": { binary: chromium, args: ["--headless=new", ...chromiumFlags] },
    },
  },
  firefox: {
    command: [geckodriver, "--port", "0"],
    started: /Listening on 127\.0\.0\.1:(\d+)/,
    capabilities: { browserName: "firefox", "moz:firefoxOptions": { binary: firefox, args: ["-headless"] } },
  },
};

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Starts a browser: `open(url)`, `run(script, ...args)`, `close()`. `preferences` are Firefox's, as in about:config. */
export async function startBrowser(name, { preferences } = {}) {
  const { command, started, capabilities: usual } = drivers[name];
  const capabilities = preferences
    ? { ...usual, "moz:firefoxOptions": { ...usual["moz:firefoxOptions"], prefs: preferences } }
    : usual;
  const [program, ...args] = command;
  if (!program) throw new Error(`no driver for ${name}: npm run setup -- browsers`);
  const driver = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => driver.once("close", resolve));
  const port = await new Promise((resolve, reject) => {
    driver.once("error", reject);
    driver.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    createInterface(driver.stdout).on("line", (line) => started.test(line) && resolve(line.match(started)[1]));
  });

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
  const stop = () => {
    driver.kill();
    return ended;
  };

  try {
    const { sessionId } = await call("POST", "/session", {
      capabilities: { alwaysMatch: { ...capabilities, timeouts: { script: 120_000 } } },
    });
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
