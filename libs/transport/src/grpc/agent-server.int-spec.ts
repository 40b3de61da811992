import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { centralName, createAgentServer, type DialIdentity } from '../index.ts';
import {
  aCa,
  anAgent,
  handlersOf,
  listenerOf,
  silent,
  TestPort,
  type TestCa,
} from './agent-server.test-support.ts';

const renewal = { csr: new Uint8Array([1]) };
const renewed = { certificateChain: [], ca: [], stateKeys: [], trust: [] };
const heartbeat = { sequence: 1, wallClock: 0, monotonic: 0 };

let port: TestPort;
let ours: DialIdentity & { readonly fingerprint: string };
let foreignCa: TestCa;
let peers: string[] = [];
let streams = 0;

beforeAll(async () => {
  port = await TestPort.open({
    renewChallenge: () => Promise.resolve({ nonce: new Uint8Array([7]) }),
    renew: (_request, call) => {
      peers.push(call.peer.fingerprint);
      return Promise.resolve(renewed);
    },
    connect: (stream) => {
      streams++;
      stream.listen({
        message: () =>
          stream.outbox.control({
            message: 'drain',
            drain: { minWaitMs: 0, maxWaitMs: 1, reason: 'echo' },
          }),
        closed: () => undefined,
      });
    },
  });
  ours = await anAgent(port.ca);
  foreignCa = await aCa('another CA');
});

afterAll(() => port.stop());

const refused = expect.objectContaining({ code: 'certificate_required' });
/** Of calls that are answered at once by a machine that is not busy. */
const patientMs = 30_000;

const callRenew = (identity?: DialIdentity): Promise<unknown> =>
  port.dial(identity).renew(renewal, patientMs);

/** The gRPC status of a call on a bare HTTP/2 session. */
async function rawCall(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
  headers = {},
): Promise<string> {
  const request = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let status: unknown;
  request.on('response', (fields) => (status = fields['grpc-status'] ?? fields[':status']));
  request.on('trailers', (fields) => (status = fields['grpc-status']));
  request.on('error', () => undefined);
  request.resume();
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.end(body);
  await closed;
  return String(status);
}

function tlsOptions(more: ConnectionOptions = {}): ConnectionOptions {
  return {
    host: '127.0.0.1',
    port: port.server.port,
    ca: port.ca.certificatePem,
    servername: centralName,
    ALPNProtocols: ['h2'],
    ...more,
  };
}

async function openSession(
  more: ConnectionOptions = {},
): Promise<{ session: ClientHttp2Session; socket: TLSSocket }> {
  const socket = connectTls(tlsOptions(more));
  await once(socket, 'secureConnect');
  const session = connectHttp2(`https://${centralName}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return { session, socket };
}

const day = 24 * 60 * 60 * 1000;

/** A certificate for a fresh key, signed as `issuer`, or by itself. */
async function forge(
  issuer: { readonly name: string; readonly key: string } | undefined,
  wish: { readonly purposes: readonly string[]; readonly isCa?: boolean },
): Promise<DialIdentity> {
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '0a',
    subject: 'CN=agent-1',
    issuer: issuer ? new x509.X509Certificate(issuer.name).subject : 'CN=agent-1',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + day),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    signingKey: (issuer ? createPrivateKey(issuer.key) : privateKey).toCryptoKey(algorithm, false, [
      'sign',
    ]),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(wish.isCa ?? false, undefined, true),
      ...(wish.purposes.length > 0 ? [new x509.ExtendedKeyUsageExtension([...wish.purposes])] : []),
    ],
  });
  return {
    certificateChain: `${certificate.toString('pem')}\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const emptyMessage = Buffer.from([0, 0, 0, 0, 0]);

describe('the port of the agents', () => {
  test('answers a caller without a certificate where none is needed, and nowhere else', async () => {
    const connection = port.dial();
    const challenge = await connection.renewChallenge({ certificate: new Uint8Array() }, patientMs);
    expect([...challenge.nonce]).toEqual([7]);
    await expect(connection.renew(renewal, patientMs)).rejects.toEqual(refused);
    const closed = await new Promise((resolve) => {
      connection.connect().listen({ message: () => undefined, closed: resolve });
    });
    expect(closed).toEqual(refused);
  });

  test('knows a caller by the fingerprint of a certificate by our CA', async () => {
    peers = [];
    await callRenew(ours);
    expect(peers).toEqual([ours.fingerprint]);
  });

  test('case b47: certificates that are well-formed and wrong count as none', async () => {
    const { ca } = port;
    const server = await ca.issueServer([], Date.now());
    const byCa = { name: ca.files.certificatePem, key: ca.files.privateKeyPem };
    const byLeaf = { name: ours.certificateChain, key: ours.privateKey };
    const clientAuth = '1.3.6.1.5.5.7.3.2';
    const nested = await forge(byLeaf, { purposes: [clientAuth] });
    const impostors: [string, DialIdentity][] = [
      ['by another CA', await anAgent(foreignCa)],
      ['by another CA of the same name', await anAgent(await aCa('test CA'))],
      [
        'the CA itself',
        { certificateChain: ca.certificatePem, privateKey: ca.files.privateKeyPem },
      ],
      [
        'one for servers',
        { certificateChain: server.certificateChainPem, privateKey: server.privateKeyPem },
      ],
      ['ended', await anAgent(ca, { now: Date.now() - 3 * day })],
      ['not begun', await anAgent(ca, { now: Date.now() + day })],
      ['by a leaf of ours', nested],
      [
        'by a leaf of ours that is shown',
        { ...nested, certificateChain: nested.certificateChain + ours.certificateChain },
      ],
      ['for nothing', await forge(byCa, { purposes: [] })],
      ['for code signing', await forge(byCa, { purposes: ['1.3.6.1.5.5.7.3.3'] })],
      ['a CA for clients', await forge(byCa, { purposes: [clientAuth], isCa: true })],
      ['self-signed', await forge(undefined, { purposes: [clientAuth] })],
    ];
    peers = [];
    for (const [name, identity] of impostors) {
      const answer = await callRenew(identity).then(
        () => 'accepted',
        (error: { code: string }) => error.code,
      );
      expect([name, answer]).toEqual([
        name,
        expect.stringMatching(/certificate_required|server_unreachable/),
      ]);
    }
    expect(peers).toEqual([]);
    const sound = await forge(byCa, { purposes: [clientAuth] });
    await callRenew(sound);
    expect(peers).toHaveLength(1);
  });

  test('speaks TLS 1.3 only', async () => {
    const socket = connectTls(tlsOptions({ maxVersion: 'TLSv1.2' }));
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/alert|version/i);
    const { session, socket: modern } = await openSession();
    expect(modern.getProtocol()).toBe('TLSv1.3');
    session.destroy();
  });

  test('a resumed session without its certificate is nobody', async () => {
    const saved: Buffer[] = [];
    const first = await openSession({ cert: ours.certificateChain, key: ours.privateKey });
    first.socket.on('session', (session: Buffer) => saved.push(session));
    const path = '/ambit.agent.v1.Enrollment/Renew';
    expect(await rawCall(first.session, path, emptyMessage)).toBe('0');
    first.session.destroy();
    for (const session of saved.length > 0 ? saved : [first.socket.getSession()]) {
      const second = await openSession(session ? { session } : {});
      expect(second.socket.isSessionReused()).toBe(false);
      expect(await rawCall(second.session, path, emptyMessage)).toBe('16');
      second.session.destroy();
    }
  });

  test('changes its certificate while streams stay open', async () => {
    const identity = await anAgent(port.ca);
    const stream = port.dial(identity).connect();
    const heard: string[] = [];
    let closed = false;
    stream.listen({ message: () => heard.push('echo'), closed: () => (closed = true) });
    stream.outbox.control({ message: 'heartbeat', heartbeat });
    await eventually(() => expect(heard).toHaveLength(1));
    const before = await openSession();
    const next = await listenerOf(port.ca);
    port.server.replaceCertificates(next);
    const after = await openSession();
    const serial = (socket: TLSSocket): string => socket.getPeerCertificate().serialNumber;
    expect(serial(after.socket)).not.toBe(serial(before.socket));
    stream.outbox.control({ message: 'heartbeat', heartbeat });
    await eventually(() => expect(heard).toHaveLength(2));
    expect(closed).toBe(false);
    // The rules of the port survive the change.
    expect(after.socket.getProtocol()).toBe('TLSv1.3');
    const old = connectTls(tlsOptions({ maxVersion: 'TLSv1.2' }));
    await once(old, 'error');
    await stream.end();
    before.session.destroy();
    after.session.destroy();
  });

  test('case b58: no spelling of a path reaches a method without its rule', async () => {
    const name = 'ambit.agent.v1.Enrollment';
    const paths = [
      `${name}/Renew`,
      `//${name}/Renew`,
      `/${name}//Renew`,
      `/${name}/Renew/`,
      `/${name}/Renew?`,
      `/${name}/Renew#`,
      `/${name}/renew`,
      `/${name.toUpperCase()}/Renew`,
      `/${name}/../${name}/Renew`,
      `/./${name}/Renew`,
      `/${name}%2FRenew`,
      `/%61mbit.agent.v1.Enrollment/Renew`,
      `/${name}/Renew%00`,
      `/${name}/Renew `,
      `/ambit.agent.v1.Sync/Connect/`,
      `ambit.agent.v1.Audit/Push`,
      `/${name}/Renew`,
      `/ambit.agent.v1.Sync/Connect`,
      `/ambit.agent.v1.Audit/Push`,
    ];
    peers = [];
    for (const path of paths) {
      // A path that is no HTTP ends the whole session.
      const { session } = await openSession();
      // UNIMPLEMENTED, UNAUTHENTICATED, or refused as HTTP.
      expect([path, await rawCall(session, path, emptyMessage)]).toEqual([
        path,
        expect.stringMatching(/^(12|16|4\d\d|undefined)$/),
      ]);
      session.destroy();
    }
    expect(peers).toEqual([]);
  });

  test('case b59: a message that is too large, or unpacks to one, is refused without being kept', async () => {
    const path = '/ambit.agent.v1.Enrollment/Renew';
    const framed = (flag: number, body: Uint8Array, length = body.length): Buffer => {
      const head = Buffer.alloc(5);
      head.writeUInt8(flag, 0);
      head.writeUInt32BE(length, 1);
      return Buffer.concat([head, body]);
    };
    const call = async (body: Uint8Array, headers = {}): Promise<string> => {
      const { session } = await openSession({ cert: ours.certificateChain, key: ours.privateKey });
      const status = await rawCall(session, path, body, headers);
      session.destroy();
      return status;
    };
    // RESOURCE_EXHAUSTED, or a reset because the rest was not waited for.
    const refusal = expect.stringMatching(/^(8|undefined)$/);
    const member = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => member));
    peers = [];
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i++) {
      expect(await call(framed(1, bomb), { 'grpc-encoding': 'gzip' })).toEqual(refusal);
    }
    expect(await call(framed(0, Buffer.alloc(64), 1024 ** 3))).toEqual(refusal);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    expect(peers).toEqual([]);
    await callRenew(ours);
  });

  test('case b42: half-open and bad handshakes do not keep an agent waiting', async () => {
    const sockets = Array.from({ length: 300 }, () => {
      const socket = connectTcp(port.server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets.slice(0, 100)) socket.write('GET / HTTP/1.1\r\n\r\n');
    await callRenew(ours);
    expect(sockets.filter(({ closed }) => !closed)).not.toEqual([]);
    for (const socket of sockets) socket.destroy();
  });

  test('a stranger that takes its calls back is sent away, one that waits for the answers is not', async () => {
    const path = '/ambit.agent.v1.Enrollment/RenewChallenge';
    const polite = await openSession();
    for (let call = 0; call < 5; call++)
      expect(await rawCall(polite.session, path, emptyMessage)).toBe('0');
    const hasty = await openSession();
    for (let call = 0; call < 3; call++) {
      const request = hasty.session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      request.on('error', () => undefined).resume();
      request.close(8);
    }
    await eventually(() => expect(hasty.socket.closed).toBe(true), {
      what: 'the end of the hasty one',
    });
    expect(polite.socket.closed).toBe(false);
    expect(await rawCall(polite.session, path, emptyMessage)).toBe('0');
    polite.session.destroy();
  });

  test('a stream ends when the certificate of its caller does', async () => {
    // A busy machine may come too late with one that is good for a moment: then with one that is good for longer.
    const before = streams;
    let end: unknown;
    for (let validForMs = 1_500; streams === before && validForMs < 60_000; validForMs *= 4) {
      const stream = port.dial(await anAgent(port.ca, { validForMs })).connect();
      end = await new Promise((resolve) => {
        stream.listen({ message: () => undefined, closed: resolve });
      });
    }
    expect(end).toMatchObject({ code: 'certificate_expired' });
  });

  test('an error of the handler comes back with its code, its words and a request id', async () => {
    const error = await port
      .dial()
      .enroll(
        {
          joinToken: '',
          tokenProof: new Uint8Array(),
          csr: new Uint8Array(),
          kubeSystemUid: '',
          agentVersion: '',
          kubernetesVersion: '',
        },
        patientMs,
      )
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'not_found', message: 'not part of this test' });
    expect(error).toHaveProperty(
      'extras.details.requestId',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    );
  });

  test('a port that is taken is named, and the setting that changes it', async () => {
    const second = createAgentServer({
      address: port.address,
      certificates: await listenerOf(port.ca),
      handlers: handlersOf({}),
      logger: silent,
    });
    await expect(second).rejects.toMatchObject({
      code: 'address_in_use',
      extras: { hint: expect.stringContaining('--agent-listen') },
    });
  });
});

describe('closing', () => {
  test('ends the streams that are open', async () => {
    const own = await TestPort.open({
      connect: (stream) => stream.listen({ message: () => undefined, closed: () => undefined }),
    });
    const stream = own.dial(await anAgent(own.ca)).connect();
    const ended = new Promise((resolve) => {
      stream.listen({ message: () => undefined, closed: resolve });
    });
    stream.outbox.control({ message: 'heartbeat', heartbeat });
    await stream.outbox.flushed();
    await own.server.close(100);
    expect(await ended).toMatchObject({ code: 'server_unreachable' });
    await own.stop();
  });
});
