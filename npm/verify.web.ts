// arcgate/verify in browsers, by the name that this file has had from the beginning.

export * from "./verify.js";
