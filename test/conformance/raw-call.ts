import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connectionFor } from './client-for.ts';

export interface RawAnswer {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly reason?: string;
    readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
    readonly [member: string]: unknown;
  };
}

export type RawCall = (
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
) => Promise<RawAnswer>;

/** Calls over HTTP/1.1, for what the product's client never sends: PUT, apply, bodies that are wrong. */
export async function rawCalls(kubeconfig: string): Promise<RawCall> {
  const connection = await connectionFor(kubeconfig);
  const { ca, cert, key } = await connection.identity();
  return (method, path, body, contentType = 'application/json') =>
    new Promise((answered, failed) => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const call = request(new URL(path, connection.server), {
        method,
        ca,
        cert,
        key,
        agent: false,
        headers: {
          accept: 'application/json',
          // Without a length Node sends a DELETE's body unframed, and the server takes it for no body.
          ...(sent === undefined
            ? {}
            : { 'content-type': contentType, 'content-length': Buffer.byteLength(sent) }),
        },
      });
      call.once('error', failed);
      call.once('response', (response) => {
        text(response).then((answer) => {
          const status = response.statusCode ?? 0;
          try {
            answered({ status, body: JSON.parse(answer) as RawAnswer['body'] });
          } catch {
            answered({ status, body: { message: answer } });
          }
        }, failed);
      });
      call.end(sent);
    });
}
