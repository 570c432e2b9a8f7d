// What the tests of createFetch do within a page. WebDriver calls these by name: `page.get(url)`.

import { createFetch, TokenManager } from "/pkg/client.js";

let authorized;

async function told(response) {
  return { status: response.status, text: await response.text() };
}

globalThis.page = {
  /** With "own" nothing is sent: the answer says what would have been. */
  async make(origins, how) {
    let count = 0;
    const manager = await TokenManager.create({ type: "callback", fetchToken: () => `t${++count}` });
    const own = async (input, init) =>
      Response.json({ input, authorization: new Headers(init?.headers).get("authorization") });
    authorized = createFetch(manager, { origins, ...(how === "own" && { fetch: own }) });
  },
  get: async (url) => told(await authorized(url)),
  post: async (url, body) => told(await authorized(url, { method: "POST", body })),
  postRequest: async (url, body) => told(await authorized(new Request(url, { method: "POST", body }))),
};
