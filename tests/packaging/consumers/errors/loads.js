import { ready } from "/node_modules/arcgate/verify.js";
import { describe, show } from "./check.mjs";

const { searchParams } = new URL(location.href);
const module = searchParams.get("module");
ready(module === null ? {} : { module }).then(
  () => show("loaded"),
  (error) => show(describe(error)),
);
