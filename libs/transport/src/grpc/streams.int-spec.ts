import {
  createServer,
  connect as connectTcp,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import type { wire } from '@ambit/protocol';
import { connectToCentral, fetchPinnedCa, type AuditStream, type SyncStream } from '../index.ts';
import { aCa, anAgent, listenerOf, TestPort, type TestCa } from './agent-server.test-support.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function openPort(...given: Parameters<typeof TestPort.open>): Promise<TestPort> {
  const port = await TestPort.open(...given);
  cleanups.push(() => port.stop());
  return port;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const begin = (nonce: number): wire.CentralMessage => ({
  message: 'stateEnd',
  stateEnd: { nonce },
});
const chunk = (nonce: number, bytes: number): wire.CentralMessage => ({
  message: 'stateChunk',
  stateChunk: { nonce, index: 0, removed: [], entries: [{ key: 'k', body: Buffer.alloc(bytes) }] },
});

describe('a stream', () => {
  test('case b60: a slow reader gets every message, in order, or is cut off', async () => {
    const count = 3_000;
    const port = await openPort({
      connect: (stream) => {
        stream.listen({ message: () => undefined, closed: () => undefined });
        stream.outbox.sequence(
          (function* () {
            for (let i = 1; i <= count; i++) yield chunk(i, 2_000);
          })(),
        );
      },
    });
    const got: number[] = [];
    const stream = port.dial(await anAgent(port.ca)).connect();
    stream.listen({
      message: (message) => {
        if (message.message === 'stateChunk') got.push(message.stateChunk.nonce);
        if (got.length % 100 === 0) {
          stream.pause();
          setTimeout(() => stream.resume(), 2);
        }
      },
      closed: () => undefined,
    });
    await eventually(() => expect(got).toHaveLength(count));
    expect(got).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    stream.fail(new (await import('@ambit/kernel')).AppError('timed_out', 'done'));
  });

  test('case b61: a reader that reads nothing costs the sender no more than its budget', async () => {
    let sender: SyncStream | undefined;
    const port = await openPort({
      connect: (stream) => {
        sender = stream;
        stream.listen({ message: () => undefined, closed: () => undefined });
        stream.outbox.sequence(
          (function* () {
            for (let i = 1; ; i++) yield chunk(i, 200_000);
          })(),
        );
      },
    });
    const stream = port.dial(await anAgent(port.ca)).connect();
    let first = 0;
    stream.listen({
      message: () => {
        if (++first === 1) stream.pause();
      },
      closed: () => undefined,
    });
    let last = -1;
    // Settled: nothing more leaves between two looks.
    await eventually(
      () => {
        const now = sender?.outbox.bytesOnTheWay ?? -1;
        const settled = now === last && now > 0;
        last = now;
        expect(settled).toBe(true);
      },
      { everyMs: 300 },
    );
    expect(last).toBeLessThan(1024 * 1024 + 256 * 1024);
    const rss = process.memoryUsage().rss;
    await eventually(() => expect(sender?.outbox.bytesOnTheWay).toBe(last));
    expect(process.memoryUsage().rss - rss).toBeLessThan(32 * 1024 * 1024);
  });

  test('that is stuck is closed, and other streams go on', async () => {
    const echo = (stream: SyncStream): void => {
      stream.listen({
        message: () => stream.outbox.control(begin(1)),
        closed: () => undefined,
      });
    };
    const port = await openPort({ connect: echo });
    const stuck = port.dial(await anAgent(port.ca)).connect();
    stuck.listen({ message: () => undefined, closed: () => undefined });
    stuck.pause();
    const healthy = port.dial(await anAgent(port.ca)).connect();
    let answers = 0;
    healthy.listen({ message: () => answers++, closed: () => undefined });
    const beat = { sequence: 1, wallClock: 0, monotonic: 0 };
    for (let i = 0; i < 50; i++) healthy.outbox.control({ message: 'heartbeat', heartbeat: beat });
    await eventually(() => expect(answers).toBe(50));
  });

  test('tells both ends when either goes, once', async () => {
    const ends: string[] = [];
    let server: SyncStream | undefined;
    const port = await openPort({
      connect: (stream) => {
        server = stream;
        stream.listen({
          message: () => undefined,
          closed: (error) => ends.push(`server ${error?.code ?? 'in order'}`),
        });
      },
    });
    const agent = await anAgent(port.ca);
    const open = async (): Promise<ReturnType<ReturnType<TestPort['dial']>['connect']>> => {
      server = undefined;
      const stream = port.dial(agent).connect();
      stream.listen({
        message: () => undefined,
        closed: (error) => ends.push(`agent ${error?.code ?? 'in order'}`),
      });
      await eventually(() => expect(server).toBeDefined());
      return stream;
    };
    const ended = async (...expected: string[]): Promise<void> => {
      await eventually(() => expect([...ends].sort()).toEqual(expected), {
        what: expected.join(),
      });
      ends.length = 0;
    };
    await (await open()).end();
    await ended('agent in order', 'server in order');
    await open();
    await server?.end();
    await ended('agent in order', 'server in order');
    const { AppError } = await import('@ambit/kernel');
    await open();
    server?.fail(new AppError('certificate_revoked', 'The agent was revoked.'));
    await ended('agent certificate_revoked', 'server certificate_revoked');
    (await open()).fail(new AppError('timed_out', 'no answer'));
    await eventually(() => expect(ends).toHaveLength(2));
    expect(ends).toContain('agent timed_out');
  });

  test('case 40: dies within seconds of the keepalive when the network swallows everything', async () => {
    // A proxy that stops passing bytes and closes nothing: half-open, as a firewall that forgot the connection.
    const port = await openPort({
      connect: (stream) => stream.listen({ message: () => undefined, closed: () => undefined }),
    });
    let swallow = false;
    const sockets: Socket[] = [];
    const proxy = createServer((near) => {
      const far = connectTcp(port.server.port, '127.0.0.1');
      sockets.push(near, far);
      near.on('data', (bytes) => swallow || far.write(bytes));
      far.on('data', (bytes) => swallow || near.write(bytes));
      for (const socket of [near, far]) socket.on('error', () => undefined);
    });
    const address = await listening(proxy);
    cleanups.push(() => sockets.forEach((socket) => socket.destroy()));
    const identity = await anAgent(port.ca);
    const keepalive = { timeMs: 300, timeoutMs: 300 };
    const connection = connectToCentral({
      address,
      ca: port.ca.certificatePem,
      identity,
      keepalive,
    });
    cleanups.push(() => connection.close());
    await connection.ready(30_000);
    const closed = new Promise((resolve) => {
      const stream = connection.connect();
      stream.listen({ message: () => undefined, closed: resolve });
    });
    swallow = true;
    expect(await closed).toMatchObject({ code: 'server_unreachable' });
  });

  test('audit goes over a connection of its own and brings the bytes it came in', async () => {
    const remotes = new Set<string>();
    const batches: Uint8Array[] = [];
    const port = await openPort({
      connect: (stream, call) => {
        remotes.add(call.remote);
        stream.listen({ message: () => undefined, closed: () => undefined });
      },
      push: (stream: AuditStream, call) => {
        remotes.add(call.remote);
        stream.listen({
          message: (batch) => {
            batches.push(batch.bytes);
            const ack = { spoolEpoch: batch.decode().spoolEpoch, sequence: 1 };
            stream.outbox.control({ reply: 'ack', ack });
          },
          closed: () => undefined,
        });
      },
    });
    const connection = port.dial(await anAgent(port.ca));
    connection.connect().listen({ message: () => undefined, closed: () => undefined });
    const replies: wire.AuditReply[] = [];
    const audit = connection.pushAudit();
    audit.listen({ message: (reply) => replies.push(reply), closed: () => undefined });
    const bytes = Buffer.from('0a0573706f6f6c', 'hex');
    audit.outbox.control(bytes);
    await eventually(() => expect(replies).toMatchObject([{ ack: { spoolEpoch: 'spool' } }]));
    expect(batches.map((each) => Buffer.from(each).toString('hex'))).toEqual([
      bytes.toString('hex'),
    ]);
    expect(remotes.size).toBe(2);
  });
});

describe('first contact', () => {
  test('fetches the CA of the token, and nothing is trusted before', async () => {
    const port = await openPort({});
    const pinned = { address: port.address, caPin: port.ca.pin, deadlineMs: 30_000 };
    expect((await fetchPinnedCa(pinned)).trim()).toBe(port.ca.certificatePem.trim());
  });

  test('case b39: whoever took over the address, with whatever certificate, gets nothing', async () => {
    const ours = await aCa();
    const impostor = await openPort({});
    let received = 0;
    const plain = createServer((socket) =>
      socket.on('data', (bytes) => (received += bytes.length)),
    );
    const refused = expect.objectContaining({ code: 'server_unreachable' });
    const fetch = (address: string): Promise<string> =>
      fetchPinnedCa({ address, caPin: ours.pin, deadlineMs: 1_000 });
    await expect(fetch(impostor.address)).rejects.toEqual(refused);
    await expect(fetch(await listening(plain))).rejects.toEqual(refused);
    // Only the first message of a TLS handshake.
    expect(received).toBeLessThan(2_000);
    // One that shows our CA, which is public, behind a leaf of its own.
    const theirs = await listenerOf(impostor.ca);
    const leaf = theirs.certificateChain.slice(0, theirs.certificateChain.indexOf('-----END') + 26);
    const mixed = createTlsServer({
      cert: `${leaf}${ours.certificatePem}`,
      key: theirs.privateKey,
      ALPNProtocols: ['h2'],
    });
    await expect(fetch(await listening(mixed))).rejects.toEqual(refused);
  });

  test('case b40: no way out trusts a wrong name, an ended certificate or a stranger', async () => {
    const ca = await aCa();
    const day = 24 * 60 * 60 * 1000;
    const serve = async (chain: string, key: string): Promise<string> =>
      listening(createTlsServer({ cert: chain, key, ALPNProtocols: ['h2'] }));
    const agent = await anAgent(ca);
    const ended = await ca.issueServer([], Date.now() - 200 * day);
    const early = await ca.issueServer([], Date.now() + 2 * day);
    const stranger = await listenerOf(await aCa());
    const peers: [string, string][] = [
      [
        'a certificate for another name',
        await serve(agent.certificateChain + ca.certificatePem, agent.privateKey),
      ],
      ['an ended one', await serve(ended.certificateChainPem, ended.privateKeyPem)],
      ['one that has not begun', await serve(early.certificateChainPem, early.privateKeyPem)],
      ['one by a stranger', await serve(stranger.certificateChain, stranger.privateKey)],
    ];
    for (const [name, address] of peers) {
      expect([name, await trustOf(address, ca)]).toEqual([
        name,
        ['server_unreachable', 'server_unreachable', 'server_unreachable'],
      ]);
    }
  });

  test('a central that does not answer is named within the deadline', async () => {
    const silent = createServer(() => undefined);
    const address = await listening(silent);
    await expect(
      fetchPinnedCa({ address, caPin: 'f'.repeat(64), deadlineMs: 200 }),
    ).rejects.toMatchObject({ code: 'server_unreachable' });
    const nobody = { address: '127.0.0.1:1', caPin: '', deadlineMs: 1_000 };
    await expect(fetchPinnedCa(nobody)).rejects.toMatchObject({ code: 'server_unreachable' });
  });
});

/** What each way to central says to this address. */
async function trustOf(address: string, ca: TestCa): Promise<string[]> {
  const connection = connectToCentral({ address, ca: ca.certificatePem });
  const codeOf = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => 'trusted',
      (error: { code: string }) => error.code,
    );
  const codes = [
    await codeOf(fetchPinnedCa({ address, caPin: ca.pin, deadlineMs: 2_000 })),
    await codeOf(connection.renewChallenge({ certificate: new Uint8Array() }, 2_000)),
    await codeOf(
      new Promise((resolve, reject) => {
        connection.connect().listen({ message: resolve, closed: reject });
      }),
    ),
  ];
  connection.close();
  return codes;
}
