import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { createCa, loadCa } from '@ambit/transport';
import { freePorts, Program } from './program.test-support.ts';

let db: TestDatabase;
let folder: string;
let caFile: string;
/** By a CA that the program is told of, and by one that nobody vouches for. */
let trusted: SecureContextOptions;
let strange: SecureContextOptions;
let redis: SecureRedis;
let program: Program | undefined;

/** A Redis behind TLS: what it was asked, and how many connections came, those included that went away again. */
class SecureRedis {
  readonly asked: string[] = [];
  connections = 0;
  /** Connections by which anything was asked. */
  readonly askers = new Set<TLSSocket>();
  /** What everybody who connects after the first question sees, if not what was seen until then. */
  afterFirst: SecureContextOptions | undefined;
  readonly #server: Server;

  constructor(certificate: SecureContextOptions) {
    this.#server = createServer(certificate, (socket) => this.#answer(socket));
    this.#server.on('connection', () => this.connections++);
    this.#server.on('tlsClientError', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') this.asked.push('something without TLS');
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get host(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      // Small requests come whole: `*N`, then a length and a text, N times.
      for (const request of text.split(/^\*\d+\r\n/m).slice(1)) {
        const [name = ''] = request.split('\r\n').filter((line) => !line.startsWith('$'));
        this.asked.push(name.toLowerCase());
        this.askers.add(socket);
        if (this.afterFirst !== undefined) this.#server.setSecureContext(this.afterFirst);
        const info = 'redis_version:7.4.0\r\nmaxmemory_policy:noeviction\r\nloading:0\r\n';
        socket.write(/^info$/i.test(name) ? `$${info.length}\r\n${info}\r\n` : '+PONG\r\n');
      }
    });
  }

  stop(): void {
    this.#server.close();
  }
}

async function certificateOf(name: string): Promise<[SecureContextOptions, string]> {
  const files = await createCa({ name, now: Date.now() });
  const issued = await (await loadCa(files)).issueServer(['localhost'], Date.now());
  return [{ cert: issued.certificateChainPem, key: issued.privateKeyPem }, files.certificatePem];
}

beforeAll(async () => {
  db = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'ambit-central-redis-'));
  caFile = join(folder, 'ca.pem');
  let caPem: string;
  [trusted, caPem] = await certificateOf('trusted');
  [strange] = await certificateOf('strange');
  await writeFile(caFile, caPem);
});
afterAll(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  redis = new SecureRedis(strange);
  await redis.start();
});
afterEach(async () => {
  await program?.kill('SIGKILL');
  redis.stop();
});

function central(redisUrl: string): Program {
  program = new Program(['--data-dir', join(folder, 'data'), ...freePorts], {
    AMBIT_DATABASE_URL: db.url,
    AMBIT_REDIS_URL: redisUrl,
    NODE_EXTRA_CA_CERTS: caFile,
    // What must not matter.
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  });
  return program;
}

describe('the check of the certificate of Redis cannot be switched off from outside', () => {
  test.each(['rediss://HOST', 'REDISS://HOST', 'rediss://HOST/?tls=false', 'redis://HOST/?tls=on'])(
    'with %s nothing is told to a Redis that nobody vouches for',
    async (url) => {
      const running = central(url.replace('HOST', redis.host));
      await running.ready();
      await eventually(() => expect(running.output).toContain('Redis cannot be reached'), {
        what: 'the refusal',
      });
      expect(redis.asked).toEqual([]);
      expect(redis.connections).toBeGreaterThan(0);
    },
  );

  test('neither by the limits nor by the jobs, whose connections come later', async () => {
    redis.stop();
    redis = new SecureRedis(trusted);
    redis.afterFirst = strange;
    await redis.start();
    central(`rediss://${redis.host}`);
    // That which looks after Redis comes first, then those of the limits, of the queue and of who works on it.
    await eventually(() => expect(redis.connections).toBeGreaterThan(3), {
      what: 'the connections of the jobs',
    });
    await program?.ready();
    expect(redis.askers.size).toBe(1);
  });
});
