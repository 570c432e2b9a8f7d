// biome-ignore-all lint/suspicious/noExplicitAny: nothing is known of them here
// What snippets in the documents import besides the package, as far as the compiler needs it: of what is not installed here.
// tests/packaging/consumers runs those of frameworks, and compiles the middleware with the frameworks' own types.

declare module "cloudflare:workers" {
  export const env: any;
}

declare module "node:http" {
  export const createServer: any;
}

declare module "express" {
  const express: any;
  export default express;
  export interface Request {}
  export interface Response {}
}

declare module "fastify" {
  const Fastify: any;
  export default Fastify;
  export interface FastifyRequest {}
  export interface FastifyReply {}
}

declare module "hono" {
  export const Hono: any;
  export type Context = any;
  export type Env = any;
  export type MiddlewareHandler<E> = any;
}

declare module "koa";
declare module "itty-router";
declare module "next/headers";
declare module "elysia";
declare module "@trpc/server";
declare module "graphql";
declare module "jose";
declare module "graphql-yoga";
declare module "@apollo/server";
declare module "@modelcontextprotocol/sdk/*";

// Of frameworks that the package knows nothing of, as far as a snippet needs them.
declare module "react" {
  export function useCallback<T>(callback: T, dependencies: readonly unknown[]): T;
  export function useSyncExternalStore<T>(
    subscribe: (onChange: () => void) => () => void,
    getSnapshot: () => T,
    getServerSnapshot?: () => T,
  ): T;
}
declare module "vue" {
  export function onScopeDispose(end: () => void): void;
  export function shallowReadonly<T extends object>(ref: T): Readonly<T>;
  export function shallowRef<T>(value: T): { value: T };
}
declare module "svelte/reactivity" {
  export function createSubscriber(start: (update: () => void) => () => void): () => void;
}
