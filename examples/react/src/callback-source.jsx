// For a page that has something which gives it tokens already: auth0-react, MSAL, or its own server, as here.

import { ArcClient, TokenManager } from "arcgate";
import { StrictMode, Suspense, use, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

// Outside of any component: one for the page, however often React mounts things.
const begun = TokenManager.create({
  type: "callback",
  // With auth0-react: ({ reason }) => getAccessTokenSilently({ cacheMode: reason === "initial" ? "on" : "off" })
  fetchToken: async ({ reason, signal }) => {
    const response = await fetch(`/session/token?reason=${reason}`, { method: "POST", signal });
    if (!response.ok) throw new Error(`the session gives no token: ${response.status}`);
    return response.json();
  },
}).then((token) => ArcClient.create({ endpoint: `${location.origin}/arc`, requestAgent: "example-page", token }));

function Answer({ to }) {
  const agents = use(begun);
  const [text, setText] = useState("…");
  useEffect(() => {
    const leaving = new AbortController();
    agents.task
      .create({ targetAgent: "echo", initialMessage: to, signal: leaving.signal })
      .then(({ task }) => setText(task.messages.at(-1).parts[0].content))
      .catch((error) => {
        if (!leaving.signal.aborted) setText(error.code);
      });
    return () => leaving.abort();
  }, [agents, to]);
  return <li>{text}</li>;
}

const questions = Array.from({ length: 10 }, (_, index) => `question ${index}`);

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <Suspense fallback={<p>…</p>}>
      <ul>
        {questions.map((question) => (
          <Answer key={question} to={question} />
        ))}
      </ul>
    </Suspense>
  </StrictMode>,
);
