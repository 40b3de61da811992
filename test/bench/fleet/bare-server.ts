// A bare grpc-js server as a process: `bare-server.ts PORT`, its certificates as the first message of its parent.
import { once } from 'node:events';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { bareStream, numbered } from './bare-service.ts';
import type { BareProgress, ToBareServer } from './messages.ts';

interface Certificates {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

const [port = '0'] = process.argv.slice(2);
const tell = (progress: BareProgress): void => void process.send?.(progress);
const [certificates] = (await once(process, 'message')) as [Certificates];
const server = new Server({ 'grpc.keepalive_time_ms': 60_000, 'grpc.enable_channelz': 0 });
const streams = new Set<ServerDuplexStream<Buffer, Buffer>>();
let acknowledged = 0;

server.addService(
  { connect: bareStream },
  {
    connect: (call: ServerDuplexStream<Buffer, Buffer>) => {
      let known = false;
      call.on('data', (bytes: Buffer) => {
        const number = bytes.readUInt32BE(0);
        // The first message and every heartbeat is answered, an acknowledgement is counted.
        if (known && number !== heartbeat) return acknowledge();
        known = true;
        streams.add(call);
        call.write(numbered(number, bytes.length));
      });
      const gone = (): void => void streams.delete(call);
      call
        .on('error', gone)
        .on('cancelled', gone)
        .on('end', () => call.end());
    },
  },
);
const heartbeat = 0xffffffff;

function acknowledge(): void {
  if (++acknowledged % streams.size === 0) tell({ acknowledged });
}

process.on('message', (order: ToBareServer) => {
  const bytes = numbered(order.number, order.bytes);
  for (const stream of streams) stream.write(bytes);
});
process.on('disconnect', () => process.exit(0));

const { ca, certificate, privateKey } = certificates;
const credentials = ServerCredentials.createSsl(
  Buffer.from(ca),
  [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(privateKey) }],
  true,
);
server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
  if (error !== null) throw error;
  tell({ port: bound });
});
