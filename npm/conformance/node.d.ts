// What the runner uses of Node's own modules, beside what the command declares (npm/bin/node.d.ts).

declare module "node:net" {
  export interface Stream {
    on(event: "data", listener: (bytes: Uint8Array) => void): this;
    on(event: "error", listener: (error: Error & { code?: string }) => void): this;
    on(event: "connect" | "secureConnect" | "close" | "end", listener: () => void): this;
    write(bytes: Uint8Array | string): boolean;
    pause(): this;
    resume(): this;
    setNoDelay(yes: boolean): this;
    destroy(): this;
    resetAndDestroy(): this;
    end(): this;
  }
  export function connect(options: { host: string; port: number }): Stream;
}

declare module "node:tls" {
  import type { Stream } from "node:net";
  export function connect(options: {
    host: string;
    port: number;
    servername?: string;
    ca?: string[];
    ALPNProtocols: string[];
  }): Stream;
  export const rootCertificates: readonly string[];
}
