// What the playground's session page shows of the hub behind it: a job followed from elsewhere, what bob sees of it, and what is
// there when the hub has lost its memory. A real Worker, a real OpenID provider, Chromium and Firefox.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPlayground } from "../lib/playground.mjs";
import { visit } from "../lib/visitor.mjs";

let site;

before(async () => {
  site = await startPlayground();
});

after(() => site?.close());

/** Starts count, which goes so far and pauses so long. */
async function count(user, to, pauseMs) {
  const fill = (...values) => {
    for (const [index, id] of ["count-to", "count-pause"].entries()) document.getElementById(id).value = values[index];
  };
  await user.run(fill, to, pauseMs);
  await user.press("Start count");
}

const rows = ({ run }) =>
  run(() =>
    [...document.querySelectorAll("#jobs tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
  );

for (const browser of ["chromium", "firefox"]) {
  describe(browser, () => {
    let user;

    before(async () => {
      user = await visit(browser, site, "/session");
      await user.press("Connect");
      await user.says("#state", /^open$/);
    });

    after(() => user?.close());

    test("a second session follows the first one's job from its beginning, to its end", async () => {
      await count(user, 90, 25);
      await user.says("#count-said", /^[2-9]\d of 90$/);
      await user.press("Follow it in a second session");
      await user.says("#job-state", /^done$/);
      await user.says("#second-outcome", /events90, each once and in orderendresult 90$/);
      const own = await user.text("#connect-outcome [data-field=session] dd");
      assert.notEqual(await user.text("#second-outcome [data-field=session] dd"), own);
    });

    test("bob's list is empty, and the job is none that he could ask for", async () => {
      await user.press("Look as bob");
      await user.says("#bob-outcome", /^bob’s listno jobsthis jobJOB_NOT_FOUND$/);
    });

    test("after a restart the session goes on, what ended is there, and what ran may be tried again", async () => {
      await count(user, 400, 50);
      await user.says("#count-said", /^[2-9] of 400$/);
      const session = await user.text("#connect-outcome [data-field=session] dd");
      await user.press("Restart the hub");
      const lostOne = "at work1, lost with the hub: to be submitted again";
      await user.says(
        "#restart-outcome",
        new RegExp(`^session${session} goes onended(\\d+) of \\1 jobs are still there${lostOne}$`),
      );
      await user.says("#job-outcome", /INTERNAL_ERROR/);
      await user.until(
        () => rows(user),
        (found) => found.length >= 2,
        "the table has",
      );
      // Of all that this user has submitted, in another browser too.
      const [lost, done] = await rows(user);
      assert.deepEqual(lost.slice(1), ["running", "error, INTERNAL_ERROR"]);
      assert.deepEqual(done.slice(1), ["success", "success, result 90"]);
      await count(user, 5, 1);
      await user.says("#job-outcome", /^count came to 5 .* each once and in order\.$/);
    });

    test("nothing is complained about", async () => {
      assert.deepEqual(await user.complaints(), []);
    });
  });
}

test("it is the same when the Worker is ended and started again", async () => {
  const user = await visit("chromium", site, "/session");
  await user.press("Connect");
  await user.says("#state", /^open$/);
  const session = await user.text("#connect-outcome [data-field=session] dd");
  await count(user, 7, 1);
  await user.says("#job-state", /^done$/);
  await site.worker.restart();
  await user.says("#state", /^resumed$/);
  assert.equal(await user.text("#connect-outcome [data-field=session] dd"), session);
  // The list is the present Worker's: the job has ended in the one before.
  await user.press("Restart the hub");
  const [latest] = await user.until(
    () => rows(user),
    (found) => found.length > 0,
    "the table has",
  );
  assert.deepEqual(latest.slice(1), ["success", "success, result 7"]);
  await user.close();
});

test("the route that restarts hubs is the page's alone", async () => {
  const ask = (init) => fetch(`${site.origin}/playground/restart`, init).then(({ status }) => status);
  assert.equal(await ask({}), 405);
  assert.equal(await ask({ method: "POST", headers: { origin: "https://elsewhere.example" } }), 403);
  assert.equal(await ask({ method: "POST", headers: { origin: site.origin } }), 200);
});
