import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KeyPair } from './certificates.ts';

export interface ApiEndpoint {
  readonly server: string;
  readonly caPem: string;
  readonly client: KeyPair;
}

export interface ApiCall {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** One request to an API server, on a connection of its own. Rejects when there is no answer in time. */
export function apiCall(endpoint: ApiEndpoint, call: ApiCall): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(call.path, endpoint.server),
      {
        method: call.method ?? 'GET',
        ca: endpoint.caPem,
        cert: endpoint.client.certPem,
        key: endpoint.client.keyPem,
        agent: false,
        headers: {
          accept: 'application/json',
          'content-type': call.contentType ?? 'application/json',
        },
        timeout: call.timeoutMs ?? 5_000,
      },
      (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, text: body }),
          reject,
        );
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`no answer to ${call.path} in time`)));
    sent.once('error', reject);
    sent.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}
