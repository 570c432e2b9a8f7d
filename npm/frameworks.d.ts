// What the middleware knows of frameworks that the package is not built with: as much of their types as it names. Whoever uses the
// middleware has the frameworks' own.

declare module "express" {
  export interface Request extends Express.Request {
    readonly headers: { readonly [name: string]: string | string[] | undefined };
    readonly rawHeaders: string[];
  }
  export interface Response {
    statusCode: number;
    headersSent: boolean;
    setHeader(name: string, value: string): this;
    end(body: string): this;
    destroy(): this;
  }
}

declare module "fastify" {
  export interface FastifyRequest {
    readonly raw: import("./verify/incoming.js").NodeRequest;
  }
  export interface FastifyReply {
    readonly sent: boolean;
    code(status: number): this;
    headers(fields: Readonly<Record<string, string>>): this;
    send(body: string): this;
  }
}
