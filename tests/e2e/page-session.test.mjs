// The playground's session page, as a person uses it: a real Worker, a real OpenID provider, Chromium and Firefox.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser } from "../browser/webdriver.mjs";
import { startPlayground } from "../lib/playground.mjs";

const path = "/session";
let site;

before(async () => {
  site = await startPlayground();
});

after(() => site?.close());

// A page, whatever drives its browser: `run` has a function run there.
const browsers = {
  async chromium() {
    const page = await site.open({ path });
    const run = (work, ...values) => page.evaluate(`(${work})(...${JSON.stringify(values)})`);
    return { run, complaints: async () => page.complaints, close: () => page.context().close() };
  },
  async firefox() {
    const browser = await startBrowser("firefox");
    await browser.open(site.origin + path);
    const run = (work, ...values) => browser.run(`return (${work})(...args)`, ...values);
    // A driver gives no console, and what its scripts keep is not theirs for long: the document keeps the complaints.
    await run(() => {
      const keep = (text) => {
        document.body.dataset.complaints = `${document.body.dataset.complaints ?? ""}${text}\n`;
      };
      addEventListener("error", ({ message }) => keep(message));
      addEventListener("unhandledrejection", ({ reason }) => keep(String(reason)));
      addEventListener("securitypolicyviolation", ({ violatedDirective }) => keep(violatedDirective));
    });
    const complaints = () => run(() => (document.body.dataset.complaints ?? "").split("\n").filter(Boolean));
    return { run, complaints, close: browser.close };
  },
};

/** What a person can do on such a page, and see. */
function person({ run }) {
  const text = (selector) =>
    run((wanted) => document.querySelector(wanted).textContent.replace(/\s+/g, " ").trim(), selector);
  const until = async (look, isEnough, what) => {
    for (const end = Date.now() + 20_000; ; ) {
      const found = await look();
      if (isEnough(found)) return found;
      if (Date.now() > end) assert.fail(`${what}: ${found}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    text,
    until,
    says: (selector, pattern) =>
      until(
        () => text(selector),
        (found) => pattern.test(found),
        `${selector} should match ${pattern}, says`,
      ),
    async press(id) {
      const isEnabled = () => run((wanted) => !document.getElementById(wanted).disabled, id);
      await until(isEnabled, Boolean, `${id} is not to be pressed`);
      await run((wanted) => document.getElementById(wanted).click(), id);
    },
    count: (to, pauseMs) =>
      run(
        (...values) => {
          for (const [index, id] of ["count-to", "count-pause"].entries())
            document.getElementById(id).value = values[index];
          document.getElementById("count-form").requestSubmit();
        },
        to,
        pauseMs,
      ),
    step: () => run(() => document.getElementById("count-bar").value),
    told: () => run(() => [...document.querySelectorAll("#told b")].map((each) => each.textContent)),
  };
}

for (const name of Object.keys(browsers)) {
  describe(name, () => {
    let page;
    let user;

    before(async () => {
      page = await browsers[name]();
      user = person(page);
    });

    after(() => page?.close());

    test("it opens a session, and shows the handshake frame by frame, what is secret masked", async () => {
      await user.press("open");
      await user.says("#state", /^open$/);
      assert.match(await user.text("[data-about=session]"), /^sess_\w+$/);
      assert.match(await user.text("[data-about=agents]"), /count.*echo|echo.*count/);
      assert.match(await user.text("[data-about=features]"), /progress/);
      const frames = await page.run(() =>
        [...document.querySelectorAll("#frames details")].map((details) => {
          details.open = true;
          return details.querySelector(".way").textContent + details.querySelector(".type").textContent;
        }),
      );
      assert.deepEqual(frames.slice(0, 2), ["→session.hello", "←session.welcome"]);
      await user.says("#frames", /"token": "eyJ\w{3}….{4}"/);
      await user.says("#frames", /"resume_token": "[^"]{0,6}…[^"]*"/);
      const whole = await page.run(() => document.documentElement.outerHTML);
      assert.doesNotMatch(whole, /eyJ[\w-]+\.[\w-]+/);
      assert.doesNotMatch(whole, /resume_token(&quot;|")?: (&quot;|")[^"&]{30}/);
    });

    test("it cuts the socket twice while count runs: each event once and in order, over three sockets", async () => {
      const seen = [];
      await user.count(80, 25);
      for (const at of [10, 45]) {
        const step = await user.until(user.step, (value) => value >= at, "the bar stands still at");
        seen.push(step);
        await user.press("drop");
        await user.says("#state", /^(connecting|reconnecting)$/);
        await user.says("#state", /^resumed$/);
      }
      await user.until(
        async () => {
          seen.push(await user.step());
          return user.text("#job-state");
        },
        (state) => state === "done",
        "the job is",
      );
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
        "the bar goes forward only",
      );
      assert.match(
        await user.text("#job-outcome"),
        /^count came to 80 in .* its 80 events over 3 sockets, each once and in order\.$/,
      );
      for (const [id, value] of Object.entries({ events: /^80$/, missing: /^0$/, double: /^0$/, seq: /^\d+$/ }))
        assert.match(await user.text(`#proof-${id}`), value, id);
      assert.equal(await page.run(() => document.querySelectorAll("#tape i").length), 80);
      assert.equal(
        await page.run(
          () => new Set([...document.querySelectorAll("#tape i")].map((cell) => cell.dataset.socket)).size,
        ),
        3,
      );
      const told = (await user.told()).filter((what) => what !== "connecting");
      assert.deepEqual(told, ["open", "reconnecting", "resumed", "reconnecting", "resumed"]);
    });

    test("it cancels a job", async () => {
      await user.count(400, 30);
      await user.until(user.step, (value) => value >= 3, "the bar stands still at");
      await user.press("cancel");
      await user.says("#job-state", /^cancelled$/);
      await user.says("#job-outcome", /^CANCELLED/);
    });

    test("it closes the session, and opens another", async () => {
      const before = await user.text("[data-about=session]");
      await user.press("close");
      await user.says("#state", /^closed$/);
      await user.press("open");
      await user.says("#state", /^open$/);
      assert.notEqual(await user.text("[data-about=session]"), before);
    });

    test("nothing is complained about", async () => {
      assert.deepEqual(await page.complaints(), []);
    });
  });
}

/** Where every part of the page is. */
const places = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".card, .card > *, .intro, .top, .frames, .states li")]
      .filter((element) => !element.matches(".chip"))
      .map((element) => {
        const { top, height } = element.getBoundingClientRect();
        return `${element.id || element.className || element.tagName}: ${Math.round(top + scrollY)}, ${Math.round(height)}`;
      }),
  );

const driven = (page) => person({ run: (work, ...values) => page.evaluate(`(${work})(...${JSON.stringify(values)})`) });

for (const width of [1280, 380, 320]) {
  test(`nothing moves while it fills, and nothing sticks out, at ${width} pixels`, async () => {
    const page = await site.open({ path, viewport: { width, height: 5000 }, colorScheme: "dark" });
    const user = driven(page);
    await user.says("#size", /gzipped/);
    const before = await places(page);
    await user.press("open");
    await user.says("#state", /^open$/);
    assert.deepEqual(await places(page), before, "open");
    await user.count(40, 10);
    await user.until(user.step, (value) => value >= 5, "the bar stands still at");
    await user.press("drop");
    await user.says("#job-state", /^done$/);
    assert.deepEqual(await places(page), before, "done");
    const sideways = await page.evaluate(() => {
      scrollTo(1000, 0);
      return scrollX;
    });
    assert.equal(sideways, 0);
    await page.context().close();
  });
}

test("it can be used with the keyboard alone", async () => {
  const page = await site.open({ path });
  const user = driven(page);
  await page.waitForSelector("#open:enabled");
  const reach = async (id) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if ((await page.evaluate(() => document.activeElement.id)) === id) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${id} is not reached by Tab`);
  };
  await reach("open");
  await page.keyboard.press("Enter");
  await user.says("#state", /^open$/);
  await reach("count-to");
  await page.keyboard.press("Enter");
  await user.until(user.step, (value) => value >= 3, "the bar stands still at");
  await reach("drop");
  await page.keyboard.press("Space");
  await user.says("#state", /^resumed$/);
  await reach("cancel");
  await page.keyboard.press("Enter");
  await user.says("#job-state", /^cancelled$/);
  await page.context().close();
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
  const user = driven(page);
  await user.press("open");
  await user.says("#state", /^closed$/);
  await user.says("#told", /closed.*UNAUTHENTICATED/);
  assert.equal(await page.isEnabled("#open"), true);
  await page.context().close();
});

test("when the provider isn't running, it says so", async () => {
  await site.idp.close();
  const page = await site.open({ path });
  const user = driven(page);
  await user.press("open");
  await user.says("#state", /^closed$/);
  await user.says("#told", /closed.*ERR_REFRESH_UNAVAILABLE/);
  await page.context().close();
});
