// What both sides have agreed on when a session begins.

import type { Opened } from "./actions.js";

export interface Session {
  id: string;
  runtime: { readonly name: string; readonly version: string };
  features: ReadonlySet<string>;
  agents: Opened["agents"];
  heartbeatIntervalSec: number | undefined;
}

/** What a welcome said, as applications see it. */
export function sessionOf({ sessionId, runtimeName, runtimeVersion, features, agents, heartbeatMs }: Opened): Session {
  return {
    id: sessionId,
    runtime: Object.freeze({ name: runtimeName, version: runtimeVersion }),
    features: new Set(features),
    agents,
    heartbeatIntervalSec: heartbeatMs === undefined ? undefined : heartbeatMs / 1000,
  };
}
