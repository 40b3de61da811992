import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ChannelCredentials, ClientDuplexStream } from '@grpc/grpc-js';
import { createAuthority } from '@ambit/dev-cluster';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { replicaFolder, TestCentral, user } from './central.test-support.ts';
import { endOf, ReflectedClient } from './grpc.test-support.ts';
import type { RpcEnd } from './grpc.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let client: Client;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
  client = new Client(central.running.grpcAddress ?? '', credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await central?.stop();
  await db.close();
});

/** Field 7 asks for the services. */
const listServices = Buffer.from('\x3a\x01*');

interface OpenStream {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  /** Comes when the call is over; undefined when it ended well. */
  readonly ended: Promise<RpcEnd | undefined>;
  answers(): number;
}

function reflection(token: string): OpenStream {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const same = (bytes: Buffer): Buffer => bytes;
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, same, same, metadata);
  let answers = 0;
  stream.on('data', () => answers++);
  const ended = new Promise<RpcEnd | undefined>((resolve) => {
    stream.on('end', () => resolve(undefined));
    stream.on('error', (error) => resolve(endOf(error as never)));
  });
  return { stream, ended, answers: () => answers };
}

const streamsOpen = (): Promise<number | undefined> =>
  central.metric('ambit_grpc_streams_open{service="ServerReflection"}');

describe('a stream of reflection', () => {
  test('answers each question, and has at most 100', async () => {
    const { stream, ended, answers } = reflection(central.token);
    for (let asked = 0; asked < 100; asked++) stream.write(listServices);
    await eventually(() => expect(answers()).toBe(100));
    expect(await streamsOpen()).toBe(1);
    stream.write(listServices);
    expect(await ended).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(answers()).toBe(100);
    expect(await streamsOpen()).toBe(0);
  });

  test('takes no question of more than 4 KiB', async () => {
    const { stream, ended, answers } = reflection(central.token);
    // Field 1 is the host, which an answer repeats.
    stream.write(Buffer.concat([Buffer.from([0x0a, 0x80, 0x20]), Buffer.alloc(4_096, 'x')]));
    expect(await ended).toMatchObject({ error: { code: 'invalid_request' } });
    expect(answers()).toBe(0);
  });

  test('ends when its caller has asked all', async () => {
    const { stream, ended, answers } = reflection(central.token);
    stream.write(listServices);
    stream.end();
    expect(await ended).toBeUndefined();
    expect(answers()).toBe(1);
  });

  test('ends with the credential of its caller', async () => {
    const { body } = await central.call('POST', '/tokens', {
      body: { name: 'looks', role: 'viewer' },
    });
    const { stream, ended, answers } = reflection(body.token);
    stream.write(listServices);
    await eventually(() => expect(answers()).toBe(1));
    await central.call('DELETE', `/tokens/${body.apiToken.id}`);
    expect(await ended).toMatchObject({
      code: 'UNAUTHENTICATED',
      error: { code: 'token_revoked' },
    });
  });

  test('takes a place of its token, and gives it back', async () => {
    const { body } = await central.call('POST', '/tokens', {
      body: { name: 'many', role: 'viewer' },
    });
    const open: OpenStream[] = [];
    const refused = async (): Promise<RpcEnd | undefined> => {
      for (let opened = 0; opened < 90; opened++) {
        const one = reflection(body.token);
        open.push(one);
        one.stream.write(listServices);
        let end: RpcEnd | undefined;
        void one.ended.then((told) => (end = told));
        await eventually(() => expect(one.answers() === 1 || end !== undefined).toBe(true));
        if (end !== undefined) return end;
      }
      return undefined;
    };
    expect(await refused()).toMatchObject({ error: { code: 'too_many_streams' } });
    for (const { stream } of open) stream.cancel();
    await eventually(async () => expect(await streamsOpen()).toBe(0));
  });
});

describe('a client that knows the address alone', () => {
  let folder: string;
  let secured: TestCentral;
  let authority: Awaited<ReturnType<typeof createAuthority>>;

  beforeAll(async () => {
    authority = await createAuthority('of the company');
    const { certPem, keyPem } = await authority.serving('central');
    folder = await mkdtemp(join(tmpdir(), 'ambit-grpc-tls-'));
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await writeFile(tlsCert, certPem);
    await writeFile(tlsKey, keyPem, { mode: 0o600 });
    secured = await TestCentral.start(db.url, {
      dataDir: await replicaFolder(central),
      flags: { grpcListen: '127.0.0.1:0', tlsCert, tlsKey },
    });
    secured.token = central.token;
  });
  afterAll(async () => {
    await secured?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (channel: ChannelCredentials): Promise<ReflectedClient> =>
    ReflectedClient.of(secured.running.grpcAddress ?? '', secured.token, { channel });
  const trusting = (pem: string): ChannelCredentials => credentials.createSsl(Buffer.from(pem));

  test('calls over TLS by the certificate of the REST API', async () => {
    await central.apply(user('ada'));
    const known = await at(trusting(authority.certPem));
    const { object } = await known.call('PolicyService/GetPolicyObject', {
      kind: 'User',
      name: 'ada',
    });
    expect(JSON.parse(object).metadata.name).toBe('ada');
    known.close();
  });

  test('sends no token to whom it does not trust, and none in plain text', async () => {
    const other = await createAuthority('of somebody else');
    for (const channel of [trusting(other.certPem), credentials.createInsecure()])
      await expect(at(channel)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('of another version is answered: fields that are not known here are left out', async () => {
    const raw = new Client(secured.running.grpcAddress ?? '', trusting(authority.certPem));
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${secured.token}`);
    // GetPolicyObject of User ada, with a text in field 900 and a number in field 901.
    const message = Buffer.concat([
      Buffer.from('\x0a\x04User\x12\x03ada'),
      Buffer.from([0xa2, 0x38, 0x03, 0x6e, 0x65, 0x77, 0xa8, 0x38, 0x07]),
    ]);
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const same = (bytes: Buffer): Buffer => bytes;
      const path = '/ambit.api.v1.PolicyService/GetPolicyObject';
      raw.makeUnaryRequest(path, same, same, message, metadata, (error, value) =>
        error === null && value !== undefined ? resolve(value) : reject(error),
      );
    });
    expect(answer.toString()).toContain('"name":"ada"');
    raw.close();
  });
});
