// What may be told to the core's session, as wasm-bindgen declares it.

/** The core's machine of a session. */
export type Session = import("../../wasm/client.js").ArcpSession;

// The core's inputs: each has the time as its last argument.
type OwnArguments<F> = F extends (...args: infer All) => unknown
  ? All extends [...infer Own, number]
    ? Own
    : never
  : never;
/** The names of its inputs. */
export type InputName = {
  [Name in keyof Session & string]: OwnArguments<Session[Name]> extends never ? never : Name;
}[keyof Session & string];
/** What an input needs besides the time. */
export type InputArguments<Name extends InputName> = OwnArguments<Session[Name]>;
/** The inputs that give a request's number. */
export type RequestName = { [Name in InputName]: ReturnType<Session[Name]> extends number ? Name : never }[InputName];
