// The token's life: the bar that empties and fills, and what one can do to it.

import { $, allow, busy, chip, fill } from "./dom.js";
import { decode, mask } from "./jwt.js";
import { explain } from "./problem.js";

const buttons = ["refresh", "call", "refuse"];

export function startLife(manager, client) {
  let token;
  let claims;
  let replaced = 0;
  let requests = 0;
  let timers = [];

  on("refresh", async () => {
    await take({ forceRefresh: true });
    say("A new token, asked for now: the old one had time left.");
  });
  on("refuse", async () => {
    manager.invalidate(token);
    await take();
    say("The token was dropped, in every tab, and another one is there.");
  });
  on("call", async () => {
    const { task } = await client.task.create({ targetAgent: "echo", initialMessage: "Hello from a logged-in page" });
    say(`The Worker took the token, and echo answered: “${task.messages.at(-1).parts[0].content}”`);
  });

  function on(id, work) {
    $(id).addEventListener("click", ({ currentTarget }) =>
      busy(currentTarget, () => work().catch((error) => fill($("life-said"), explain(error)))),
    );
  }

  function say(words) {
    fill($("life-said"), words);
  }

  async function take(options) {
    const next = await manager.getToken(options);
    if (next === token) return;
    if (token !== undefined) replaced += 1;
    token = next;
    ({ claims } = decode(token));
    $("token").textContent = mask(token);
    $("replaced").textContent = replaced;
    draw();
  }

  function draw() {
    const left = token === undefined ? 0 : Math.max(0, manager.expiresAt - Date.now() / 1000 || 0);
    const share = token === undefined ? 0 : Math.min(1, left / (claims.exp - claims.iat));
    $("bar").value = share;
    $("bar").parentElement.dataset.kind = share < 0.2 ? "warn" : "good";
    $("left").textContent = token === undefined ? "no token" : left > 0 ? `ends in ${Math.ceil(left)} s` : "ended";
    if (token !== undefined) {
      const { state } = manager;
      chip($("state"), state === "failed" ? "bad" : state === "valid" ? "good" : "warn", state);
    }
  }

  const quietly = (work) => work().catch(() => draw());

  return {
    /** Somebody is logged in. */
    begin() {
      for (const id of buttons) allow($(id), true);
      $("life-hint").hidden = true;
      for (const timer of timers) clearInterval(timer);
      timers = [setInterval(draw, 200), setInterval(() => $("keep").checked && quietly(take), 1000)];
      quietly(take);
    },
    /** Nobody is. */
    end() {
      for (const timer of timers) clearInterval(timer);
      timers = [];
      token = undefined;
      for (const id of buttons) allow($(id), false);
      $("life-hint").hidden = false;
      $("token").textContent = "–";
      chip($("state"), "idle", "no token");
      chip($("source"), "idle", "no token");
      fill($("life-said"));
      draw();
    },
    requested() {
      requests += 1;
      $("requests").textContent = requests;
    },
    happened({ type }) {
      if (type === "refreshed") chip($("source"), "good", "this tab refreshed it");
      if (type === "adopted") chip($("source"), "good", "handed over to this tab");
      if ((type === "refreshed" || type === "adopted") && timers.length > 0) quietly(take);
    },
  };
}
