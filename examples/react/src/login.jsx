// A page that logs people in, and asks an agent in their name.

import { ArcClient, TokenManager } from "arcgate";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

// Outside of any component: one for the page, however often React mounts things.
const token = await TokenManager.create(
  {
    type: "authorization_code",
    issuer: import.meta.env.VITE_ISSUER,
    clientId: import.meta.env.VITE_CLIENT_ID,
    redirectUri: `${location.origin}/`,
    postLogoutRedirectUri: `${location.origin}/`,
    scope: "openid offline_access arc.agent.caller arc.task.controller",
  },
  // After a reload, the tab is still logged in. SECURITY.md says what that means.
  { storage: "session" },
);
const agents = await ArcClient.create({ endpoint: `${location.origin}/arc`, requestAgent: "example-page", token });

function App() {
  const [view, setView] = useState({ state: "loading" });

  useEffect(() => {
    let isMounted = true;
    const show = (next) => isMounted && setView(next);
    const isAnswer = /[?&](code|error)=/.test(location.search);
    if (isAnswer) {
      // StrictMode runs this twice; the provider is asked once.
      token
        .completeLogin(location.href)
        .then(({ claims, returnTo }) => {
          history.replaceState(null, "", returnTo ?? "/");
          show({ state: "in", name: claims?.sub });
        })
        .catch((error) => show({ state: "out", problem: `${error.code} ${error.details?.subject ?? ""}` }));
    } else {
      token
        .getToken()
        .then(() => show({ state: "in" }))
        .catch(() => show({ state: "out" }));
    }
    return () => {
      isMounted = false;
    };
  }, []);

  const logIn = async () => location.assign(await token.beginLogin({ returnTo: location.href }));
  const logOut = async () => {
    const url = await token.logout();
    if (url) location.assign(url);
    else setView({ state: "out" });
  };
  const ask = async () => {
    try {
      const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: "hello from React" });
      setView({ ...view, answer: task.messages.at(-1).parts[0].content });
    } catch (error) {
      setView({ ...view, answer: error.code });
    }
  };

  if (view.state === "loading") return <p>…</p>;
  if (view.state === "out") {
    return (
      <p>
        <button type="button" onClick={logIn}>
          Log in
        </button>{" "}
        {view.problem}
      </p>
    );
  }
  return (
    <p>
      Logged in{view.name && ` as ${view.name}`}.{" "}
      <button type="button" onClick={ask}>
        Ask the agent
      </button>{" "}
      <button type="button" onClick={logOut}>
        Log out
      </button>{" "}
      <output>{view.answer}</output>
    </p>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
