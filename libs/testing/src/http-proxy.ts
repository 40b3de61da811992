import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** What a client asked a proxy for. */
export interface ProxyRequest {
  readonly method: string;
  /** `HOST:PORT` of a tunnel, a whole URL otherwise. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface HttpProxy {
  readonly port: number;
  readonly url: string;
  readonly requests: readonly ProxyRequest[];
  close(): Promise<void>;
}

/** An HTTP proxy on loopback: every tunnel leads to `leadsTo` on this machine, or is refused with `refuses`. */
export async function startHttpProxy(
  answer: { readonly leadsTo: number } | { readonly refuses: number },
): Promise<HttpProxy> {
  const requests: ProxyRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, target: url, headers });
    response.writeHead(502).end('this proxy takes no plain requests');
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ method = '', url = '', headers }, client: Socket) => {
    requests.push({ method, target: url, headers });
    client.on('error', () => undefined);
    if ('refuses' in answer) {
      client.end(`HTTP/1.1 ${answer.refuses} Refused\r\n\r\n`);
      return;
    }
    const onward = connect(answer.leadsTo, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    onward.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
