// What the tests of the crate's ArcpClient do within a page, or in Node. WebDriver calls these by name: `session.connect(url, tokens)`.

const outcome = (promise) =>
  promise.then(
    (value) => ({ value: value ?? null }),
    (error) => ({ error: String(error) }),
  );

/** The page over a module of wasm-bindgen's, and the bytes or the place of its WebAssembly. */
export function pageOf(glue, bytes) {
  if (bytes) glue.initSync({ module: bytes });
  let page;
  return {
    async connect(url, tokens, maxDelayMs = 200) {
      const asked = [];
      const give = (isForced) => {
        asked.push(isForced);
        return Promise.resolve(tokens[Math.min(asked.filter(Boolean).length, tokens.length - 1)]);
      };
      const { value, error } = await outcome(glue.Page.connect(url, give, maxDelayMs));
      if (error) return { error, asked };
      page = value;
      return { value: page.session() };
    },
    run: (agent, input) => outcome(page.run(agent, input)),
    count: (to, delayMs) => page.count(to, delayMs),
    counted: (to) => page.counted(to),
    seen: () => [...page.seen()],
    result: () => outcome(page.result()),
    listed: () => outcome(page.listed()),
    cancel: () => outcome(page.cancel()),
    told: () => page.told(),
    /** Once the session has gone on so often. */
    async resumed(times) {
      while (page.told().filter((type) => type === "resumed").length < times)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return true;
    },
    close: () => outcome(page.close()),
    /** Waits for a pause between two connections, and looks what follows on a focus: of a field, and of the page. */
    async focused() {
      while (page.told().at(-1) !== "pause") await new Promise((resolve) => setTimeout(resolve, 5));
      const field = document.body.appendChild(document.createElement("input"));
      const after = async (act) => {
        const before = page.told().length;
        act();
        await new Promise((resolve) => setTimeout(resolve, 20));
        return page.told()[before];
      };
      const ofField = await after(() => field.dispatchEvent(new FocusEvent("focus")));
      const ofPage = await after(() => globalThis.dispatchEvent(new FocusEvent("focus")));
      field.remove();
      return { ofField: ofField ?? null, ofPage };
    },
    /** So many sessions, and how many bytes are in use behind them: once there are no more than `most`, if that ever comes. */
    async sessions(url, count, most = 0) {
      await glue.sessions(url, count);
      for (let looks = most ? 500 : 50; glue.live() > most && looks > 0; looks -= 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return glue.live();
    },
  };
}

if (globalThis.document) {
  const glue = await import("/rust/rust_session.js");
  await glue.default({ module_or_path: "/rust/rust_session_bg.wasm" });
  globalThis.session = pageOf(glue);
}
