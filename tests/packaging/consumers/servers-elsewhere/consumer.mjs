// The middleware and the recipes under Bun and Deno: the programs of `servers`.

import { readdirSync, readFileSync } from "node:fs";
import { tried } from "../servers/consumer.mjs";

const programs = new URL("../servers/", import.meta.url);
const deno = ["deno", "run", "--no-prompt", "--node-modules-dir=manual", "--allow-all"];

const under = (command, program) => async (kit) => {
  for (const name of readdirSync(programs).filter((name) => name.endsWith(".mjs") && name !== "consumer.mjs"))
    kit.write(name, readFileSync(new URL(name, programs), "utf8"));
  return tried(program, command)(kit);
};

export default {
  name: "Servers under Bun and Deno",
  ways: {
    "middleware, Bun": under(["bun"], "middleware.mjs"),
    "recipes, Bun": under(["bun"], "recipes.mjs"),
    "middleware, Deno": under(deno, "middleware.mjs"),
    "recipes, Deno": under(deno, "recipes.mjs"),
  },
};
