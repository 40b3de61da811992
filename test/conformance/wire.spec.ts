import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as grpc from '@grpc/grpc-js';
import * as protoLoader from '@grpc/proto-loader';
import { AppError } from '@ambit/kernel';
import {
  agentServices,
  centralTimeCodec,
  credentialAnswerCodec,
  credentialOrderCodec,
  epochRaiseCodec,
  manifestCodec,
  revocationCodec,
  type MethodDefinition,
} from '@ambit/protocol';
import { silentLogger } from '@ambit/testing';
import {
  centralName,
  certificatesToPem,
  createAgentServer,
  createCa,
  createCertificateRequest,
  generateAgentKey,
  loadCa,
  makeJoinToken,
  readPresentedJoinToken,
  type AgentServer,
  type CertificateAuthority,
} from '@ambit/transport';
import * as fc from 'fast-check';
import { RandomMessages } from './random-message.ts';

/*
 * What our programs speak is what `proto/` says: here a client of proto-loader, which shares no generated code with them,
 * reads the files and talks to the agent port.
 */
const packageName = 'ambit.agent.v1';
const definition = protoLoader.loadSync(
  ['state', 'enrollment', 'sync', 'audit'].map((name) => `ambit/agent/v1/${name}.proto`),
  {
    includeDirs: [fileURLToPath(new URL('../../proto', import.meta.url))],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);

type Service = Record<string, protoLoader.MethodDefinition<object, object>>;
const services = Object.entries({
  Enrollment: agentServices.enrollment,
  Sync: agentServices.sync,
  Audit: agentServices.audit,
});
const serviceOf = (name: string): Service => definition[`${packageName}.${name}`] as Service;

describe('every service of proto/', () => {
  test.each(services)('%s has our methods under our paths', (name, ours) => {
    const paths = (methods: object): unknown[] =>
      Object.entries(methods as Record<string, MethodDefinition<unknown, unknown>>).map(
        ([method, { path, requestStream, responseStream }]) => [
          method,
          path,
          requestStream,
          responseStream,
        ],
      );
    expect(paths(ours).sort()).toEqual(paths(serviceOf(name)).sort());
  });
});

interface Bytes {
  encode(value: object): Uint8Array;
  decode(bytes: Buffer): object;
}

/** Both codecs of a message, by its name. */
function codecs(): [name: string, ours: Bytes, theirs: Bytes][] {
  const found = new Map<string, [Bytes, Bytes]>();
  for (const [service, methods] of services) {
    for (const [name, method] of Object.entries(methods)) {
      const mine = method as unknown as MethodDefinition<object, object>;
      const other = serviceOf(service)[name];
      if (other === undefined) throw new Error(`proto/ has no ${service}/${name}`);
      const nameOf = (type: object): string => (type as { type: { name: string } }).type.name;
      found.set(nameOf(other.requestType), [
        { encode: mine.requestSerialize, decode: mine.requestDeserialize },
        { encode: other.requestSerialize, decode: other.requestDeserialize },
      ]);
      found.set(nameOf(other.responseType), [
        { encode: mine.responseSerialize, decode: mine.responseDeserialize },
        { encode: other.responseSerialize, decode: other.responseDeserialize },
      ]);
    }
  }
  const signed = {
    Manifest: manifestCodec,
    Revocation: revocationCodec,
    CentralTime: centralTimeCodec,
    EpochRaise: epochRaiseCodec,
    CredentialOrder: credentialOrderCodec,
    CredentialAnswer: credentialAnswerCodec,
  };
  for (const [name, codec] of Object.entries(signed)) {
    const { serialize, deserialize } = definition[
      `${packageName}.${name}`
    ] as protoLoader.MessageTypeDefinition<object, object>;
    found.set(name, [codec as Bytes, { encode: serialize, decode: deserialize }]);
  }
  return [...found].map(([name, [ours, theirs]]) => [name, ours, theirs]);
}

/** A batch of audit events waits as bytes and is decoded in its turn. */
function decodedBy(codec: Bytes, bytes: Buffer): object {
  const came = codec.decode(bytes) as { decode?: () => object };
  return came.decode?.() ?? came;
}

describe('every message that is sent or signed', () => {
  const random = new RandomMessages(definition, packageName);

  test.each(codecs())('%s has one form on the wire', (name, ours, theirs) => {
    fc.assert(
      fc.property(random.of(name), (value) => {
        const bytes = Buffer.from(ours.encode(value));
        expect(bytes.equals(theirs.encode(value))).toBe(true);
        expect(decodedBy(ours, bytes)).toEqual(theirs.decode(bytes));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the agent port', () => {
  let ca: CertificateAuthority;
  let server: AgentServer;
  let api: Record<string, grpc.ServiceClientConstructor>;
  const clients: grpc.Client[] = [];
  const seen: unknown[] = [];

  beforeAll(async () => {
    ca = await loadCa(await createCa({ name: 'wire test CA', now: Date.now() }));
    const identity = await ca.issueServer(['127.0.0.1'], Date.now());
    const unasked = (): never => {
      throw new AppError('not_found', 'not part of this test');
    };
    server = await createAgentServer({
      address: '127.0.0.1:0',
      certificates: {
        certificateChain: identity.certificateChainPem,
        privateKey: identity.privateKeyPem,
        clientCa: ca.certificatePem,
      },
      logger: silentLogger,
      handlers: {
        enroll: (request) => {
          seen.push(request);
          if (readPresentedJoinToken(request.joinToken) === undefined)
            throw new AppError('join_token_invalid', 'This is no join token.', {
              nextCommand: 'ambit cluster join-token NAME',
            });
          return Promise.resolve({
            installationUid: 'installation',
            clusterUid: 'cluster',
            clusterName: 'prod-eu',
            agentUid: 'agent',
            certificateChain: [new Uint8Array([1, 2])],
            ca: [],
            stateKeys: [{ keyId: 'ab', spki: new Uint8Array([3]) }],
            stateEpoch: 2 ** 52,
            epochKeys: [],
            trust: [],
            caSignature: new Uint8Array([4]),
          });
        },
        connect: (stream, call) => {
          stream.listen({
            message: (message) => {
              seen.push(message);
              stream.outbox.control({
                message: 'superseded',
                superseded: { newerSessionEpoch: 7 },
              });
              void stream.end();
            },
            closed: () => seen.push(call.peer.fingerprint),
          });
        },
        renew: unasked,
        renewChallenge: unasked,
        renewExpired: unasked,
        push: unasked,
      },
    });
    const loaded = grpc.loadPackageDefinition(definition) as unknown as {
      ambit: { agent: { v1: typeof api } };
    };
    api = loaded.ambit.agent.v1;
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await server.close(0);
  });

  interface AgentIdentity {
    readonly key: string;
    readonly certificate: string;
    readonly fingerprint: string;
  }

  function client(service: string, identity?: AgentIdentity): grpc.Client & Record<string, never> {
    const Client = api[service];
    if (Client === undefined) throw new Error(`proto/ has no service ${service}`);
    const pem = (text: string | undefined): Buffer | null =>
      text === undefined ? null : Buffer.from(text);
    const made = new Client(
      `127.0.0.1:${server.port}`,
      grpc.credentials.createSsl(
        Buffer.from(ca.certificatePem),
        pem(identity?.key),
        pem(identity?.certificate),
      ),
      { 'grpc.ssl_target_name_override': centralName },
    );
    clients.push(made);
    return made as unknown as grpc.Client & Record<string, never>;
  }

  async function anAgent(): Promise<AgentIdentity> {
    const key = generateAgentKey();
    const { certificate, fingerprint } = await ca.issueAgent({
      csr: createCertificateRequest(key),
      installationUid: 'installation',
      clusterUid: 'cluster',
      agentUid: 'agent',
      now: Date.now(),
    });
    return { key, certificate: certificatesToPem([certificate]), fingerprint };
  }

  type Unary = (
    request: object,
    done: (error: grpc.ServiceError | null, answer: object) => void,
  ) => void;

  const enrol = (request: object): Promise<object> =>
    new Promise((resolve, reject) => {
      const enrollment = client('Enrollment') as unknown as { enroll: Unary };
      enrollment.enroll(request, (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });

  /** Sends one message and gives what came back until the stream ended. */
  const converse = (message: object, identity?: AgentIdentity): Promise<object[]> =>
    new Promise((resolve, reject) => {
      const sync = client('Sync', identity) as unknown as {
        connect(): grpc.ClientDuplexStream<object, object>;
      };
      const stream = sync.connect();
      const answers: object[] = [];
      stream.on('data', (answer: object) => answers.push(answer));
      stream.on('end', () => resolve(answers));
      stream.on('error', reject);
      stream.write(message);
    });

  const trailersOf = (error: unknown): Record<string, unknown> =>
    (error as grpc.ServiceError).metadata.getMap();

  test('enrols a caller that no code of ours was written for', async () => {
    const request = {
      joinToken: makeJoinToken(ca.pin).presented,
      tokenProof: Buffer.from([5]),
      csr: Buffer.from([1, 2, 3]),
      kubeSystemUid: 'uid',
      agentVersion: '0.0.1',
      kubernetesVersion: 'v1.36.2',
    };
    await expect(enrol(request)).resolves.toMatchObject({
      clusterName: 'prod-eu',
      certificateChain: [Buffer.from([1, 2])],
      stateKeys: [{ keyId: 'ab', spki: Buffer.from([3]) }],
      stateEpoch: 2 ** 52,
    });
    expect(seen.at(-1)).toEqual(request);
  });

  test('refuses what is no join token, with code, words and request id', async () => {
    const error: unknown = await enrol({ joinToken: 'ambj_forged' }).catch(
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({
      code: grpc.status.UNAUTHENTICATED,
      details: 'This is no join token.',
    });
    expect(trailersOf(error)).toMatchObject({
      'ambit-code': 'join_token_invalid',
      'ambit-next-command': encodeURIComponent('ambit cluster join-token NAME'),
      'ambit-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('opens no control stream for a caller without a certificate', async () => {
    const error: unknown = await converse({ message: 'heartbeat', heartbeat: {} }).catch(
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: grpc.status.UNAUTHENTICATED });
    expect(trailersOf(error)).toMatchObject({ 'ambit-code': 'certificate_required' });
  });

  test('talks with the holder of one over the control stream', async () => {
    const identity = await anAgent();
    const hello = { agentVersion: '0.0.1', held: { revision: 41, root: Buffer.from([9]) } };
    await expect(converse({ message: 'hello', hello }, identity)).resolves.toEqual([
      { message: 'superseded', superseded: { newerSessionEpoch: 7 } },
    ]);
    expect(seen).toContain(identity.fingerprint);
    expect(seen.at(-2)).toMatchObject({ message: 'hello', hello });
  });
});
