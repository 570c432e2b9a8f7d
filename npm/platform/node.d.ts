// What is used of Node's own modules, so that npm/ is compiled without Node's types.

declare module "node:fs" {
  export function readFileSync(path: URL | string): Uint8Array<ArrayBuffer>;
}
