// The playground's session page, as a person uses it: a real Worker, a real OpenID provider, Chromium and Firefox.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPlayground } from "../lib/playground.mjs";
import { visit } from "../lib/visitor.mjs";

const path = "/session";
let site;

before(async () => {
  site = await startPlayground();
});

after(() => site?.close());

const step = ({ run }) => run(() => document.getElementById("count-bar").value);
const isVisible = ({ run }, id) => run((wanted) => document.getElementById(wanted).checkVisibility(), id);
const told = ({ run }) => run(() => [...document.querySelectorAll("#told b")].map((each) => each.textContent));

/** Starts count, which goes so far and pauses so long. */
async function count(user, to, pauseMs) {
  await user.run(
    (...values) => {
      for (const [index, id] of ["count-to", "count-pause"].entries())
        document.getElementById(id).value = values[index];
    },
    to,
    pauseMs,
  );
  await user.press("Start count");
}

const counted = (user, least) =>
  user.until(
    () => step(user),
    (value) => value >= least,
    "the bar stands still at",
  );

for (const browser of ["chromium", "firefox"]) {
  describe(browser, () => {
    let user;

    before(async () => {
      user = await visit(browser, site, path);
    });

    after(() => user?.close());

    test("there is nothing to cut yet, and nothing to close", async () => {
      await user.says("#ready", /s$/);
      for (const id of ["drop", "close", "cancel"]) assert.equal(await isVisible(user, id), false, id);
    });

    test("it opens a session, and takes the focus on to the next step", async () => {
      await user.press("Connect");
      await user.says("#state", /^open$/);
      await user.says("#connect-outcome", /sess_\w+runtimearcgate .*agents(count, echo|echo, count)features.*progress/);
      const focused = () => user.run(() => document.activeElement.getAttribute("aria-controls"));
      await user.until(focused, (id) => id === "job-body", "the focus is on");
      assert.equal(await isVisible(user, "open"), false);
      assert.equal(await isVisible(user, "close"), true);
    });

    test("it shows the handshake frame by frame, what is secret masked", async () => {
      const frames = await user.run(() =>
        [...document.querySelectorAll(".frame details")].map((details) => {
          details.open = true;
          return details.querySelector(".way").textContent + details.querySelector(".type").textContent;
        }),
      );
      assert.deepEqual(frames.slice(0, 2), ["→session.hello", "←session.welcome"]);
      await user.says("#log", /"token": "eyJ\w{3}….{4}"/);
      await user.says("#log", /"resume_token": "[^"]{0,6}…[^"]*"/);
      const whole = await user.run(() => document.documentElement.outerHTML);
      assert.doesNotMatch(whole, /eyJ[\w-]+\.[\w-]+/);
      assert.doesNotMatch(whole, /resume_token(&quot;|")?: (&quot;|")[^"&]{30}/);
    });

    test("it cuts the socket twice while count runs: each event once and in order, over three sockets", async () => {
      const seen = [];
      // Long enough for both cuts to come before its end, on a machine that is busy, too.
      await count(user, 240, 25);
      for (const at of [10, 45]) {
        seen.push(await counted(user, at));
        await user.press("Cut the socket");
        await user.says("#told", at === 10 ? /reconnecting/ : /resumed.*reconnecting/);
        assert.match(await user.focus(), /^(no-socket|drop)$/, "the focus stays where it was pressed");
        await user.says("#state", /^resumed$/);
        assert.equal(await user.focus(), "drop");
      }
      const isDone = async () => {
        seen.push(await step(user));
        return user.text("#job-state");
      };
      await user.until(isDone, (state) => state === "done", "the job is");
      const inOrder = seen.toSorted((a, b) => a - b);
      assert.deepEqual(seen, inOrder, "the bar goes forward only");
      assert.match(
        await user.text("#job-outcome"),
        /^count came to 240 in .* its 240 events over 3 sockets, each once and in order\.$/,
      );
      for (const [id, value] of Object.entries({ events: /^240$/, missing: /^0$/, double: /^0$/, seq: /^\d+$/ }))
        assert.match(await user.text(`#proof-${id}`), value, id);
      const cells = await user.run(() =>
        [...document.querySelectorAll("#tape i")].map(({ dataset }) => dataset.socket),
      );
      assert.equal(cells.length, 240);
      assert.equal(new Set(cells).size, 3);
      const all = (await told(user)).filter((what) => what !== "connecting");
      assert.deepEqual(all, ["open", "reconnecting", "resumed", "reconnecting", "resumed"]);
    });

    test("it cancels a job, and leaves the focus beside where that was pressed", async () => {
      await count(user, 400, 30);
      await counted(user, 3);
      await user.press("Cancel the job");
      await user.says("#job-state", /^cancelled$/);
      await user.says("#job-outcome", /^CANCELLED/);
      const focused = () => user.run(() => document.activeElement.textContent);
      await user.until(focused, (text) => text === "Start count", "the focus is on");
      assert.equal(await isVisible(user, "cancel"), false);
    });

    test("it closes the session: nothing is there to cut any more; and opens another", async () => {
      const before = await user.text("#connect-outcome [data-field=session] dd");
      await user.press("Close the session");
      await user.says("#state", /^closed$/);
      await user.until(
        () => user.focus(),
        (id) => id === "open",
        "the focus is on",
      );
      assert.equal(await isVisible(user, "drop"), false);
      await user.press("Connect");
      await user.says("#state", /^open$/);
      await user.says("#connect-outcome", /sess_/);
      assert.notEqual(await user.text("#connect-outcome [data-field=session] dd"), before);
    });

    test("nothing is complained about", async () => {
      assert.deepEqual(await user.complaints(), []);
    });
  });
}

test("the log of a phone is a bar at its foot that opens, and closes by Escape", async () => {
  const user = await visit("chromium", site, path, { width: 390, height: 844 });
  const edges = () =>
    user.run(() => {
      const { top, bottom } = document.getElementById("panel").getBoundingClientRect();
      return [Math.round(top), Math.round(bottom)];
    });
  const [low, foot] = await edges();
  assert.equal(foot, 844);
  assert.ok(low > 760, `the bar begins at ${low}`);
  await user.press("Connect");
  await user.says("#log-last", /^\d sent, \d came$/);
  assert.equal(await isVisible(user, "log-body"), false);
  await user.press("Show the log");
  assert.equal(await isVisible(user, "log-body"), true);
  assert.ok((await edges())[0] < 400);
  await user.page.keyboard.press("Escape");
  assert.equal(await isVisible(user, "log-body"), false);
  assert.equal(await user.focus(), "log-toggle");
  await user.close();
});

test("it can be used with the keyboard alone", async () => {
  const user = await visit("chromium", site, path);
  const { keyboard } = user.page;
  await user.page.waitForSelector("#open:enabled");
  const reach = async (id) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if ((await user.focus()) === id) return;
      await keyboard.press("Tab");
    }
    assert.fail(`${id} is not reached by Tab`);
  };
  await reach("open");
  await keyboard.press("Enter");
  await user.says("#state", /^open$/);
  await reach("count-to");
  await keyboard.press("Enter");
  await counted(user, 3);
  await reach("drop");
  await keyboard.press("Space");
  await user.says("#state", /^resumed$/);
  for (let presses = 0; presses < 40 && (await user.focus()) !== "cancel"; presses += 1)
    await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  await user.says("#job-state", /^cancelled$/);
  await user.close();
});

test("a token that the Worker refuses is told in plain words", async () => {
  const prepare = (page) =>
    page.route("**/token", (route) =>
      route.fulfill({
        headers: { "access-control-allow-origin": "*" },
        json: { access_token: `eyJhbGciOiJSUzI1NiJ9.${"a".repeat(40)}.b`, token_type: "bearer", expires_in: 600 },
      }),
    );
  const page = await site.open({ path, prepare });
  await page.click("#open:enabled");
  await page.waitForSelector("#connect-outcome .error-code:text('ERR_UNAUTHENTICATED')");
  assert.match(await page.getAttribute("#connect-outcome a", "href"), /#err_unauthenticated$/);
  assert.equal(await page.textContent("#state"), "closed");
  assert.equal(await page.isEnabled("#open"), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), "open");
  await page.context().close();
});

test("when the provider isn't running, it says so", async () => {
  await site.idp.close();
  const page = await site.open({ path });
  await page.click("#open:enabled");
  await page.waitForSelector("#connect-outcome .error-code:text('ERR_REFRESH_UNAVAILABLE')");
  assert.match(await page.textContent("#connect-outcome"), /npm start/);
  await page.context().close();
});

test("when the Worker has gone for good, it says so while it goes on trying", async () => {
  const own = await startPlayground();
  const user = await visit("chromium", own, path);
  try {
    await user.press("Connect");
    await user.says("#state", /^open$/);
    await own.worker.close();
    await user.says("#connect-outcome", /not answered for some time.*npm start/);
    await user.says("#no-socket", /connects again.*npm start/);
    assert.equal(await user.text("#state"), "reconnecting");
  } finally {
    await Promise.all([own.browser.close(), own.idp.close()]);
  }
});
