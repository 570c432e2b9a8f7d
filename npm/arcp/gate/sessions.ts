// The open sessions of an isolate whose upstream is somebody else's runtime: who resumes one displaces the connection that has it.

/** Sessions by name and by the principal that has each. */
export class Sessions {
  #displacing = new Map<string, { owner: object; displace: () => void }>();

  /**
   * A connection has this session now. `displaced()` is told when another one resumes it; a socket may be closed by its own
   * request alone, so whoever resumes it settles a promise that this request waits for.
   */
  register(owner: object, name: string, displaced: () => void): void {
    const settled = new Promise<void>((displace) => {
      this.#displacing.set(name, { owner, displace });
    });
    settled.then(displaced);
  }

  /** Somebody resumes a session: the old connection of it, if it is in this isolate and nobody has noticed its end, goes. */
  displace(name: string): void {
    this.#displacing.get(name)?.displace();
  }

  /** A connection has ended. */
  forget(owner: object, name: string): void {
    if (this.#displacing.get(name)?.owner === owner) this.#displacing.delete(name);
  }
}

/** Whatever ids a runtime gives, nobody displaces another one's connection. */
export function nameOf(session: string | undefined, principalKey: string | undefined): string {
  return `${session}\n${principalKey}`;
}
