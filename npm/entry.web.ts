// The package in browsers, by the name that this file has had from the beginning.

export * from "./index.js";
