import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { replicaFolder, TestCentral, user } from './central.test-support.ts';

/** A network between a replica and its database, which can stop carrying anything without closing anything. */
class Network {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled = false;

  constructor(databaseUrl: string) {
    const { hostname, port } = new URL(databaseUrl);
    this.#server = createServer((from) => {
      this.#sockets.add(from.on('error', () => undefined));
      if (this.#stalled) return;
      const to = connect(Number(port), hostname);
      for (const [socket, other] of [
        [from, to],
        [to, from],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => other.destroy());
        socket.pipe(other);
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

let db: TestDatabase;
let here: TestCentral;
let there: TestCentral;
let network: Network;

beforeAll(async () => {
  db = await testDatabase();
  here = await TestCentral.start(db.url);
  network = new Network(db.url);
  const through = new URL(db.url);
  through.port = String(await network.listen());
  there = await TestCentral.start(through.href, {
    dataDir: await replicaFolder(here),
    flags: { roles: 'api' },
    env: { AMBIT_DATABASE_OWNER_URL: db.ownerUrl },
  });
});
afterAll(async () => {
  network.close();
  await there?.stop();
  await here?.stop();
  await db.close();
});

test('a stream on a replica that hears nothing from the database does not outlive its token for long', async () => {
  const made = await here.call('POST', '/tokens', {
    body: { name: 'watcher', role: 'admin', ttlSeconds: 600 },
  });
  const { token, apiToken } = made.body;
  const response = await fetch(`${there.running.restUrl}/api/v1/audit/events?watch=true`, {
    headers: { authorization: `Bearer ${token}` },
  });
  let text = '';
  let ended = false;
  void (async () => {
    for await (const part of response.body ?? []) text += Buffer.from(part).toString();
  })()
    .catch(() => undefined)
    .finally(() => (ended = true));
  await here.apply(user('before'));
  await eventually(() => expect(text).toContain('before'));

  network.stall();
  expect((await here.call('DELETE', `/tokens/${apiToken.id}`)).status).toBe(200);
  await here.apply(user('after-the-end'));
  await eventually(() => expect(ended).toBe(true), {
    what: 'the end of the stream',
  });
  expect(/event: problem\ndata: (.*)\n/.exec(text)?.[1]).toContain('database_unavailable');
  expect(text).not.toContain('after-the-end');
});
