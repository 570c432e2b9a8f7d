// What the steps share: the settings of this playground, the token and what gets it, and word of its change.

const events = new EventTarget();

export const session = {
  settings: undefined,
  arcgate: undefined,
  tokens: undefined,
  token: undefined,
  expiresAt: undefined,
};

export function onToken(listener) {
  events.addEventListener("token", listener);
}

export function setToken(found) {
  Object.assign(session, found);
  events.dispatchEvent(new Event("token"));
}

/** The whole of what this playground asks for at the provider. */
export const allScopes = ["arc.agent.caller", "arc.task.controller", "arc.chat.controller"];
