import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { ConnectionGate, type ConnectionLimits } from './connection-gate.ts';

const limits: ConnectionLimits = {
  handshakesPerSecond: 50,
  waiting: 200,
  waitingPerAddress: 100,
  waitAtMostMs: 60_000,
  unidentified: 20,
  unidentifiedPerAddress: 10,
  identifyWithinMs: 60_000,
  refusedCalls: 2,
  perCertificate: 2,
};

let server: Server;
let gate: ConnectionGate;
let begun: Socket[];
/** How many had begun when the one from this address arrived. */
let before: Map<string | undefined, number>;
const clients: Socket[] = [];

/** Its handshakes are what `begin` makes of them. */
async function open(
  more: Partial<ConnectionLimits> = {},
  begin: (socket: Socket) => void = () => undefined,
): Promise<void> {
  begun = [];
  before = new Map();
  gate = new ConnectionGate((socket) => begin(begun[begun.push(socket) - 1] ?? socket), {
    ...limits,
    ...more,
  });
  server = createServer({ pauseOnConnect: true }, (socket) => {
    before.set(socket.remoteAddress, begun.length);
    gate.arrived(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** A connection from this loopback address. */
async function dial(localAddress = '127.0.0.1'): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined).resume();
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

const remote = (socket: Socket): string => `${socket.localAddress}:${socket.localPort}`;

afterEach(() => {
  gate.closeAll();
  for (const socket of clients.splice(0)) socket.destroy();
  server.close();
});

describe('the gate of the agent port', () => {
  test('a flood of connections from one address does not keep another one waiting', async () => {
    await open({ handshakesPerSecond: 4 });
    await Promise.all(Array.from({ length: 90 }, () => dial('127.0.0.2')));
    await dial('127.0.0.3');
    await eventually(
      () => expect(begun.map(({ remoteAddress }) => remoteAddress)).toContain('127.0.0.3'),
      {
        what: 'the handshake of the polite one',
      },
    );
    const polite = begun.findIndex(({ remoteAddress }) => remoteAddress === '127.0.0.3');
    expect(polite - (before.get('127.0.0.3') ?? 0)).toBeLessThanOrEqual(1);
    expect(gate.strangers.waiting).toBeGreaterThan(10);
  });

  test('one more stranger closes the oldest of its address, never one that showed its certificate', async () => {
    await open({ handshakesPerSecond: 1_000 });
    const agent = await dial();
    await eventually(() => expect(begun.length).toBe(1), { what: 'one' });
    gate.identified(remote(agent), 'certificate');
    const strangers: Socket[] = [];
    for (let i = 0; i < 11; i++) strangers.push(await dial());
    await eventually(() => expect(begun.length).toBe(12), { what: 'all' });
    await eventually(() => expect(strangers[0]?.closed).toBe(true), {
      what: 'the end of the oldest stranger',
    });
    expect(gate.strangers).toEqual({ waiting: 0, unidentified: 10 });
    expect([agent.closed, strangers[1]?.closed, strangers[10]?.closed]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('who shows no certificate is closed in time', async () => {
    await open({ identifyWithinMs: 200 }, (socket) => {
      const { remoteAddress, remotePort } = socket;
      if (remoteAddress === '127.0.0.3') gate.identified(`${remoteAddress}:${remotePort}`, 'known');
    });
    const stranger = await dial();
    const agent = await dial('127.0.0.3');
    await eventually(() => expect(begun.length).toBe(2), { what: 'both' });
    await eventually(() => expect(stranger.closed).toBe(true), {
      what: 'the end of the stranger',
    });
    expect(agent.closed).toBe(false);
    expect(gate.strangers.unidentified).toBe(0);
  });

  test('a stranger that goes on asking after refusals is sent away, an agent is not', async () => {
    await open();
    const [stranger, agent] = [await dial(), await dial()];
    await eventually(() => expect(begun.length).toBe(2), { what: 'both' });
    gate.identified(remote(agent), 'certificate');
    for (const socket of [stranger, agent]) {
      gate.refused(remote(socket));
      gate.refused(remote(socket));
    }
    await eventually(() => expect(stranger.closed).toBe(true), {
      what: 'the end of the stranger',
    });
    expect(agent.closed).toBe(false);
  });

  test('a certificate has few connections: the oldest gives way', async () => {
    await open();
    const three = [await dial(), await dial(), await dial()];
    await eventually(() => expect(begun.length).toBe(3), { what: 'three' });
    for (const socket of three) gate.identified(remote(socket), 'certificate');
    await eventually(() => expect(three[0]?.closed).toBe(true), {
      what: 'the end of the oldest',
    });
    expect(three[2]?.closed).toBe(false);
  });

  test('what cannot wait any more is closed at once', async () => {
    await open({ handshakesPerSecond: 0.001, waitingPerAddress: 3 });
    const sockets = await Promise.all(Array.from({ length: 10 }, () => dial()));
    await eventually(() => expect(sockets.filter((socket) => socket.closed)).toHaveLength(7), {
      what: 'the refusals',
    });
    expect(gate.strangers.waiting).toBe(3);
  });
});
