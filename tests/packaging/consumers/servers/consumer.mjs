// Servers and frameworks: the recipes of docs/servers.md, each run as it is written there.

import { readFileSync } from "node:fs";

const text = readFileSync(new URL("../../../../docs/servers.md", import.meta.url), "utf8");

/** The `nth` snippet below a heading, as a module that exports what it makes. */
function recipe(heading, names, nth = 0) {
  const section = text.split(/^#+ /m).find((part) => part.split("\n", 1)[0] === heading);
  const code = [...(section?.matchAll(/^```js\n([\s\S]*?)^```/gm) ?? [])][nth]?.[1];
  if (code === undefined) throw new Error(`docs/servers.md, "${heading}" has no snippet ${nth}`);
  const exported = names.length > 0 ? `\nexport { ${names} };` : "";
  return `import { verifier } from "./verifier.mjs";\n${code}${exported}\n`;
}

const recipes = {
  hono: recipe("Hono", ["app"]),
  express: recipe("Express", ["app"]),
  fastify: recipe("Fastify", ["app"]),
  fetch: recipe("Workers, Bun and Deno", ["app"]),
  node: recipe("Node", ["app"]),
  koa: recipe("Koa", ["app"]),
  itty: recipe("itty-router", ["app"]),
  next: recipe("Next", []),
  svelte: recipe("SvelteKit", []),
  elysia: recipe("Elysia", ["app"]),
  trpc: recipe("tRPC", ["createContext", "router"]),
  yoga: recipe("GraphQL Yoga", ["app"]),
  apollo: recipe("Apollo Server", ["app", "context"]),
  mcp: recipe("MCP servers", ["app"]),
};

/** Runs one of the programs of this folder, beside the recipes. */
export const tried =
  (program, command = ["node"]) =>
  async (kit) => {
    for (const [name, code] of Object.entries(recipes)) kit.write(`${name}.mjs`, code);
    kit.write("express4.mjs", recipes.express.replace('from "express"', 'from "express4"'));
    return kit.exec([...command, program]);
  };

export default {
  name: "Servers",
  quick: ["middleware"],
  ways: {
    middleware: tried("middleware.mjs"),
    recipes: tried("recipes.mjs"),
    types: async ({ exec }) => {
      await exec(["tsc", "--project", "tsconfig.json"]);
      return exec(["node", "check-alone.mjs"]);
    },
  },
};
