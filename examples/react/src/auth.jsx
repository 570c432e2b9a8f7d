// Who is logged in, for React. There is one manager for the page; components read it, and render anew when it changes.

import { createContext, use, useCallback, useSyncExternalStore } from "react";

const Session = createContext(null);

/** `session` is the promise of `{ manager, problem, … }`; a Suspense above shows something until it is there. */
export function SessionProvider({ session, children }) {
  return <Session value={use(session)}>{children}</Session>;
}

export const useSession = () => use(Session);

/** The claims of whoever is logged in, or undefined. */
export function useUser() {
  const { manager } = useSession();
  return useSyncExternalStore(
    useCallback((listener) => manager.subscribe(listener), [manager]),
    // The same object for as long as nothing changes, as React wants it.
    () => manager.claims,
    // On a server nobody is logged in.
    () => undefined,
  );
}

/** Where the token stands: "empty", "valid", "refreshing" or "failed". */
export function useToken() {
  const { manager } = useSession();
  return useSyncExternalStore(
    useCallback((listener) => manager.subscribe(listener), [manager]),
    () => manager.state,
    () => "empty",
  );
}
