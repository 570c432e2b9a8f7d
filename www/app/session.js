// What the steps share: the settings of this playground, the token, and word of its change.

const events = new EventTarget();

export const session = { settings: undefined, token: undefined, expiresAt: undefined, isCounting: false };

export function onToken(listener) {
  events.addEventListener("token", listener);
}

export function setToken(token) {
  session.token = token;
  events.dispatchEvent(new Event("token"));
}

/** The whole of what this playground asks for at the provider. */
export const allScopes = ["arc.agent.caller", "arc.task.controller", "arc.chat.controller"];
