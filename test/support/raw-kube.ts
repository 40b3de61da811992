import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connectionFor } from '../conformance/client-for.ts';

/** One request as it stands: for what the product's client never sends. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawAnswer {
  readonly status: number;
  readonly message: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An API server asked over HTTP/1.1 as the user of a kubeconfig. */
export class RawKube {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #token: string | undefined;

  private constructor(server: string, agent: Agent, token: string | undefined) {
    this.#server = server;
    this.#agent = agent;
    this.#token = token;
  }

  /** As the holder of the certificate in the kubeconfig, or, with a token, as whomever that stands for. */
  static async open(kubeconfig: string, token?: string): Promise<RawKube> {
    const connection = await connectionFor(kubeconfig);
    const { ca, cert, key } = await connection.identity();
    const who = token === undefined ? { cert, key } : {};
    return new RawKube(connection.server, new Agent({ keepAlive: true, ca, ...who }), token);
  }

  send({ method, path, body, contentType, headers }: RawRequest): Promise<RawAnswer> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((answered, failed) => {
      const call = request(new URL(path, this.#server), {
        method,
        agent: this.#agent,
        timeout: 15_000,
        headers: {
          accept: 'application/json',
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...headers,
          ...(sent === undefined
            ? {}
            : {
                'content-type': contentType ?? 'application/json',
                'content-length': Buffer.byteLength(sent),
              }),
        },
      });
      call.once('timeout', () => call.destroy(new Error(`no answer to ${method} ${path}`)));
      call.once('error', failed);
      call.once('upgrade', (response, socket) => {
        socket.destroy();
        answered({ status: response.statusCode ?? 0, message: 'upgraded', body: {} });
      });
      call.once('response', (response) => {
        text(response).then((said) => answered(answerOf(response.statusCode ?? 0, said)), failed);
      });
      call.end(sent);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function answerOf(status: number, said: string): RawAnswer {
  try {
    const body = JSON.parse(said) as Record<string, unknown> & { readonly message?: string };
    return { status, body, message: body.message ?? '' };
  } catch {
    return { status, body: {}, message: said };
  }
}
