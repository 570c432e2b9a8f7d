import { ready } from "arcgate/verify";
import { describe, show } from "./check.mjs";

ready().then(
  () => show("loaded"),
  (error) => show(describe(error)),
);
