import { createServer } from 'node:net';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { AppError } from '@ambit/kernel';
import type { ConnectionGate } from './connection-gate.ts';
import { hostAndPort } from './host-and-port.ts';

/** A TCP port whose connections are let into a gRPC server as the gate says. */
export interface AgentPort {
  readonly port: number;
  /** Open streams may end within `graceMs` milliseconds, then their connections are closed. */
  close(graceMs: number): Promise<void>;
}

/** host:port; port 0 takes a free one. Throws `address_in_use` or `not_ready` when it cannot listen. */
export async function openAgentPort(
  server: Server,
  address: string,
  gate: ConnectionGate,
): Promise<AgentPort> {
  // Nothing is read of a connection before the gate has let it in.
  const tcp = createServer({ pauseOnConnect: true, noDelay: true }, (socket) =>
    gate.arrived(socket),
  );
  await listen(tcp, address);
  const { port } = tcp.address() as AddressInfo;
  return { port, close: (graceMs) => close(tcp, server, gate, graceMs) };
}

function listen(tcp: TcpServer, address: string): Promise<void> {
  const { host, port } = hostAndPort(address, { anyPort: true });
  return new Promise((resolve, reject) => {
    tcp.once('error', (cause) => reject(cannotListen(address, cause)));
    tcp.listen({ host, port }, resolve);
  });
}

function cannotListen(address: string, cause: Error): AppError {
  if ('code' in cause && cause.code === 'EADDRINUSE') {
    const hint =
      'Name another address with --agent-listen, or stop the program that listens there.';
    return new AppError('address_in_use', `${address} is taken.`, { hint, cause });
  }
  return new AppError('not_ready', `Agents cannot be listened for on ${address}.`, {
    why: cause.message,
    cause,
  });
}

function close(
  tcp: TcpServer,
  server: Server,
  gate: ConnectionGate,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => gate.closeAll(), graceMs);
    tcp.close();
    server.tryShutdown(() => {
      clearTimeout(cut);
      gate.closeAll();
      resolve();
    });
  });
}
