// What the playground's pages look like on the way through them: for whoever checks each state, or looks at it.

const submit = '//*[@type="submit"]';

/** Logs somebody in at the provider, from the page's button to the page again. Any name will do. */
export async function logIn({ site, press, at, until, run, click, keys }) {
  await press("Log in");
  await at(site.idp.issuer);
  await click('//input[@name="login"]');
  await keys("alice");
  await click('//input[@name="password"]');
  await keys("any");
  await click(submit);
  const asksForConsent = () => document.querySelector("input[name=prompt][value=consent]") !== null;
  await until(() => run(asksForConsent).catch(() => false), Boolean, "the provider asks for consent");
  await click(submit);
  await at(`${site.origin}/tokens`);
}

/** Opens all that a page has folded. */
export const unfoldAll = ({ run }) =>
  run(() => {
    for (const fold of document.querySelectorAll('.fold[aria-expanded="false"]')) fold.click();
    for (const details of document.querySelectorAll("details.more")) details.open = true;
  });

const isReady = ({ says }) => says("#ready", /s$/);

/** The states of each page, each reached from the one before it by `act`; an action of a person leaves the focus somewhere. */
export const journeys = {
  "/": [
    { name: "new", act: isReady },
    {
      name: "token",
      isAction: true,
      async act({ press, says }) {
        await press("Get a token");
        await says("#life", /^ends in/);
      },
    },
    {
      name: "verified",
      isAction: true,
      async act({ press, says }) {
        await press("Verify the token");
        await says("#verdict", /^accepted$/);
      },
    },
    {
      name: "broken",
      isAction: true,
      async act({ press, says }) {
        await press("HS256 with the public key");
        await says("#break-outcome .error-code", /^ERR_/);
      },
    },
    {
      name: "streamed",
      isAction: true,
      async act({ press, says }) {
        await press("Stream it");
        await says("#call-outcome", /^200 OK count reached/);
      },
    },
    {
      name: "refused",
      isAction: true,
      async act(visitor) {
        await visitor.press("Call with too few scopes");
        await visitor.says("#call-outcome", /^403/);
        await unfoldAll(visitor);
      },
    },
  ],
  "/tokens": [
    { name: "new", act: isReady },
    { name: "unfolded", act: unfoldAll },
    {
      name: "logged-in",
      isAction: true,
      async act(visitor) {
        await logIn(visitor);
        await visitor.says("#state", /^valid$/);
      },
    },
    {
      name: "called",
      isAction: true,
      async act({ press, says }) {
        await press("Call echo with it");
        await says("#life-said", /echo answered/);
      },
    },
  ],
  "/session": [
    { name: "new", act: isReady },
    {
      name: "open",
      isAction: true,
      async act({ press, says }) {
        await press("Connect");
        await says("#state", /^open$/);
      },
    },
    {
      name: "running",
      isAction: true,
      async act({ press, until, run }) {
        await run(() => {
          document.getElementById("count-to").value = 80;
          document.getElementById("count-pause").value = 30;
        });
        await press("Start count");
        const step = () => run(() => document.getElementById("count-bar").value);
        await until(step, (value) => value > 20, "the bar stands still at");
      },
    },
    {
      name: "cut",
      isAction: true,
      async act({ press, says }) {
        await press("Cut the socket");
        await says("#state", /^resumed$/);
        await says("#job-state", /^done$/);
      },
    },
    {
      name: "followed",
      isAction: true,
      async act({ press, says }) {
        await press("Follow it in a second session");
        await says("#second-outcome", /result 80$/);
      },
    },
    {
      name: "bob",
      isAction: true,
      async act({ press, says }) {
        await press("Look as bob");
        await says("#bob-outcome", /JOB_NOT_FOUND$/);
      },
    },
    {
      name: "restarted",
      isAction: true,
      async act({ press, says }) {
        await press("Restart the hub");
        await says("#restart-state", /^resumed$/);
        await says("#jobs", /result 80$/);
      },
    },
    {
      name: "lost",
      isAction: true,
      async act({ press, says }) {
        await press("Start count");
        await says("#job-state", /^running$/);
        await press("Restart the hub");
        await says("#jobs", /running ?error, INTERNAL_ERROR/);
      },
    },
    {
      name: "closed",
      isAction: true,
      async act(visitor) {
        await visitor.press("Close the session");
        await visitor.says("#state", /^closed$/);
        await unfoldAll(visitor);
      },
    },
  ],
};
