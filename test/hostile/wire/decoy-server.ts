// What attackers are sent at for the floor: TLS that takes as many handshakes as central does, then hangs up.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { availableParallelism } from 'node:os';

interface DecoyIdentity {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

const perTick = (60 * availableParallelism()) / 50;
const [identity] = (await once(process, 'message')) as [DecoyIdentity];
const secureContext = createSecureContext({
  cert: identity.certificateChainPem,
  key: identity.privateKeyPem,
  minVersion: 'TLSv1.3',
});
let allowed = 0;
setInterval(() => (allowed = Math.min(12, allowed + perTick)), 20);

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  if (allowed < 1) return void socket.resetAndDestroy();
  allowed--;
  const options = { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false };
  const secure = new TLSSocket(socket, { ...options, ALPNProtocols: ['h2'] });
  secure.on('error', () => undefined).on('secure', () => secure.destroy());
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
