// What the tests of TokenManager do within a page. WebDriver calls these by name: `tab.get()`.

import { TokenManager } from "/pkg/entry.web.js";

let manager;
let made;
let ahead = 0;
let answers;
const events = [];
const standings = [];
let asleep = 0;
// Before the manager hears of it: it comes back to a later time.
const kept = new Promise((resolve) => {
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    ahead += asleep;
    asleep = 0;
    resolve();
  });
});

const word = new BroadcastChannel("word");
const onWord = ({ data }) => {
  ahead = data.ahead;
  answers = Promise.all(Array.from({ length: data.callers }, () => manager.getToken(data.options)));
};
word.onmessage = onWord;
// A page with an open channel may not be put away for the way back.
addEventListener("pagehide", () => word.close());

const outcome = (promise) =>
  promise.then(
    (value) => ({ value }),
    ({ code, message, details }) => ({ code, message, subject: details?.subject }),
  );

globalThis.tab = {
  async make(source, options = {}) {
    made = [source, options];
    manager = await TokenManager.create(source, {
      ...options,
      now: () => Date.now() + ahead,
      onEvent: ({ type }) => events.push(type),
    });
    manager.subscribe(({ claims }) => standings.push(claims?.sub ?? "nobody"));
  },
  /** All tabs' callers ask at once, this one's too. */
  say(data) {
    word.postMessage(data);
    onWord({ data });
  },
  answers: () => answers,
  get: (options) => outcome(manager.getToken(options)),
  /** Begins to ask, and waits for nothing. */
  begin(options) {
    answers = outcome(manager.getToken(options));
  },
  set: (token) => manager.setToken(token),
  invalidate: (token) => manager.invalidate(token),
  advance(ms) {
    ahead += ms;
  },
  /** So much will have passed when this page is brought back. */
  sleeps(ms) {
    asleep = ms;
  },
  state: () => manager.state,
  subject: () => manager.claims?.sub ?? "nobody",
  /** Once a listener was told that this is who is logged in. */
  async toldOf(subject) {
    while (standings.at(-1) !== subject) await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
  events: () => [...events],
  beginLogin: async (options) => String(await manager.beginLogin(options)),
  completeLogin: (url = location.href) => outcome(manager.completeLogin(url)),
  /**
   * As React's StrictMode does it: twice at once, and by managers of which the first is closed at once. Gives what each says, and
   * the tokens of those that are left.
   */
  async completeTwice() {
    const [first, second] = [await TokenManager.create(...made), await TokenManager.create(...made)];
    const managers = [first, second, manager, manager];
    const begun = managers.map((one) => {
      const said = outcome(one.completeLogin(location.href));
      if (one === first) first.close();
      return said;
    });
    const outcomes = await Promise.all(begun);
    const tokens = await Promise.all(managers.slice(1).map((one) => outcome(one.getToken())));
    second.close();
    return { outcomes, tokens };
  },
  logout: async () => String(await manager.logout()),
  /** Once this origin has neither a lock nor somebody who waits for one: such a page would not be put away. */
  async quiet() {
    for (;;) {
      const { held, pending } = await navigator.locks.query();
      if (held.length + pending.length === 0) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  wasKept: () => Promise.race([kept.then(() => true), new Promise((resolve) => setTimeout(resolve, 30_000, false))]),
  /** Once such an event was heard. */
  async heard(type) {
    while (!events.includes(type)) await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
  async until(state) {
    while (manager.state !== state) await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
  clear: async () => {
    sessionStorage.clear();
    await new Promise((resolve) => {
      Object.assign(indexedDB.deleteDatabase("arcgate"), { onsuccess: resolve, onerror: resolve });
    });
  },
  /** All that this origin keeps, as text; and whether its keys can be taken away. */
  async traces() {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open("arcgate");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const found = { text: JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }), keys: [] };
    for (const store of database.objectStoreNames) {
      const all = (method) =>
        new Promise((resolve) => {
          const request = database.transaction(store).objectStore(store)[method]();
          request.onsuccess = () => resolve(request.result);
        });
      found.text += JSON.stringify(await all("getAllKeys"));
      for (const record of await all("getAll")) {
        for (const [name, value] of Object.entries(record)) {
          const isBytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value);
          found.text += isBytes
            ? new TextDecoder("latin1").decode(value)
            : `${name}: ${value instanceof CryptoKey ? "key" : JSON.stringify(value)}`;
          if (value instanceof CryptoKey) {
            const taken = await crypto.subtle.exportKey("raw", value).then(
              () => true,
              () => false,
            );
            found.keys.push({ extractable: value.extractable, taken });
          }
        }
      }
    }
    database.close();
    return found;
  },
};
