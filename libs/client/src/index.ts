/**
 * The REST API of central as typed functions: what the `ambit` command and other programs call. It checks what it
 * sends and what it gets by the schemas of `@ambit/contracts`, and turns every failure into an `AppError` of
 * `@ambit/kernel` that carries what central said. It may import those two and the HTTP client of Node.
 */
export * from './ambit-client.ts';
export type { CallArgs, CallResult, Operations } from './call-types.ts';
export type { AuditTailOptions, TailItem } from './audit-tail.ts';
export { checkServerUrl, type ServerUrlOptions } from './server-url.ts';
