import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerReadableStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import {
  apiDefinition,
  encodeRpcStatus,
  serviceNamed,
  statusDetailsTrailer,
} from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import { AmbitGrpcClient } from './ambit-grpc-client.ts';
import type { DirectorySource, SourceUser, SyncStep } from './directory-pages.ts';

const users: readonly SourceUser[] = [{ externalId: '1', userName: 'ada@acme.io' }];
const team = { externalId: 'g', displayName: 'dev' };

/** How many people each sync said that came to its commit. */
let said: number[];
let asked: number;
let refusals: number;
let retryAfterSeconds: number;
let beforeAnswer: () => void;
let server: Server;
let client: AmbitGrpcClient;

function busy(): { code: status; details: string; metadata: Metadata } {
  const error = new AppError('sync_running', 'Another sync is being written.', {
    details: { retryAfterSeconds },
  });
  const metadata = new Metadata();
  const encoded = encodeRpcStatus(error, status.UNAVAILABLE, 'r');
  metadata.set(statusDetailsTrailer, Buffer.from(encoded));
  return { code: status.UNAVAILABLE, details: error.message, metadata };
}

function answer(done: sendUnaryData<object>): void {
  beforeAnswer();
  if (refusals-- > 0) done(busy());
  else done(null, {});
}

beforeEach(async () => {
  [said, asked, refusals, retryAfterSeconds] = [[], 0, 0, 0];
  beforeAnswer = () => undefined;
  server = new Server();
  server.addService(serviceNamed(apiDefinition(), 'DirectoryService'), {
    SyncDirectory: (call: ServerReadableStream<SyncStep, object>, done: sendUnaryData<object>) => {
      let people = 0;
      call.on('data', (step: { page?: { users: unknown[] } }) => {
        people += step.page?.users.length ?? 0;
      });
      call.on('end', () => {
        said.push(people);
        answer(done);
      });
    },
  });
  server.addService(serviceNamed(apiDefinition(), 'AccessService'), {
    CheckAccess: (_: ServerUnaryCall<object, object>, done: sendUnaryData<object>) => {
      asked++;
      answer(done);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  client = new AmbitGrpcClient({ server: `http://127.0.0.1:${port}`, token: 't' });
});
afterEach(() => {
  jest.restoreAllMocks();
  client.close();
  server.forceShutdown();
});

describe('a full sync that a busy central refuses', () => {
  test.each<[string, () => DirectorySource]>([
    ['arrays', () => ({ users, groups: [{ ...team, members: ['1'] }] })],
    ['Sets', () => ({ users: new Set(users), groups: [{ ...team, members: new Set(['1']) }] })],
  ])('is sent again, whole, from %s', async (_, source) => {
    refusals = 2;
    await client.syncDirectory(source());
    expect(said).toEqual([1, 1, 1]);
  });

  const iterator = users.values();
  test.each<[string, () => DirectorySource]>([
    ['a stream', () => ({ users: Readable.from(users) })],
    ['a generator', () => ({ users: users.values() })],
    ['what gives one iterator', () => ({ users: { [Symbol.iterator]: () => iterator } })],
    ['a stream of groups', () => ({ users, groups: Readable.from([{ ...team, members: [] }]) })],
    ['members that come once', () => ({ users, groups: [{ ...team, members: ['1'].values() }] })],
  ])('is not sent again from %s, of which nothing may be left', async (_, source) => {
    refusals = 1;
    await expect(client.syncDirectory(source())).rejects.toMatchObject({ code: 'sync_running' });
    expect(said).toEqual([1]);
  });
});

describe('a signal', () => {
  test('that has aborted already sends nothing', async () => {
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(client.syncDirectory({ users }, { signal })).rejects.toThrow('given up');
    await expect(client.checkAccess({}, { signal })).rejects.toThrow('given up');
    await expect(client.applyPolicy([], { signal })).rejects.toThrow('given up');
    expect([said, asked]).toEqual([[], 0]);
  });

  test('that aborts between two tries ends the waiting, and nothing more is sent', async () => {
    refusals = 1;
    // Longer than this test may take.
    retryAfterSeconds = 30;
    const gaveUp = new AbortController();
    beforeAnswer = () =>
      // How long it waits is the next that the client throws dice for.
      jest.spyOn(Math, 'random').mockImplementation(() => {
        setImmediate(() => gaveUp.abort(new Error('given up')));
        return 0;
      });
    const waiting = client.checkAccess({}, { signal: gaveUp.signal });
    await expect(waiting).rejects.toThrow('given up');
    expect(asked).toBe(1);
  }, 20_000);
});
