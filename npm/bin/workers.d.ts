// What a Worker is given at its global scope.

declare module "cloudflare:workers" {
  export const env: object;
}
