import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { agentServices, emptyInventory } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { createCertificateRequest, generateAgentKey } from '@ambit/transport';
import { callStatus, dialTcp, framed, grpcHeaders, openSession } from './raw-session.ts';
import type { StolenIdentity } from './raw-session.ts';

import { done, inParallel, pause } from './attack.ts';
import type { Attack, Attacked, Surroundings } from './attack.ts';

const { enrollment, sync, audit } = agentServices;
const csr = createCertificateRequest(generateAgentKey());

function enrolRequest(): Buffer {
  const text = (bytes: number): string => randomBytes(bytes).toString('hex');
  return enrollment.Enroll.requestSerialize({
    joinToken: text(6),
    tokenProof: randomBytes(64),
    csr,
    kubeSystemUid: text(8),
    agentVersion: '1',
    kubernetesVersion: '1',
  });
}

/** A status of 0 would be an answer instead of a refusal. */
const strangeWhenOk = (what: string) => (status: number) =>
  status === 0 ? `${what} was answered` : undefined;

async function openStream(
  { target }: Surroundings,
  identity: StolenIdentity,
  path: string,
): Promise<ClientHttp2Stream | undefined> {
  const session = await openSession(target, identity).catch(() => undefined);
  const stream = session?.request(grpcHeaders(path));
  stream?.on('error', () => undefined).on('data', () => undefined);
  stream?.on('close', () => session?.destroy());
  return stream;
}

/** Writes as a program does that never waits for anybody, but does not fill its own memory. */
async function write(stream: ClientHttp2Stream, body: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableLength > 4 * 1024 * 1024) await pause(10);
  if (!stream.destroyed) stream.write(framed(body));
}

const message = (value: wire.AgentMessage): Buffer => sync.Connect.requestSerialize(value);

function helloOf(identity: StolenIdentity, more: Partial<wire.Hello> = {}): Buffer {
  const hello: wire.Hello = {
    protocolMin: 1,
    protocolMax: 1,
    agentVersion: '1',
    clusterUid: identity.clusterUid,
    instanceId: 'hostile',
    attempt: 1,
    capabilities: [],
    kubernetesVersion: '1',
    ceilingDigest: '',
    ceilingJson: '{}',
    held: null,
    appliedRevision: 0,
    spoolEpoch: 'hostile',
    wallClock: 0,
    monotonic: 0,
    kubeSystemUid: identity.kubeSystemUid,
    ...more,
  };
  return message({ message: 'hello', hello });
}

/** One stream after the other, each begun with `first`, then fed with `next` until it is cut. */
async function flood(
  surroundings: Surroundings,
  path: string,
  first: Buffer | undefined,
  next: (count: number) => Buffer,
): Promise<Attacked> {
  let attempts = 0;
  while (!done(surroundings)) {
    const stream = await openStream(surroundings, surroundings.identity, path);
    if (stream === undefined) {
      await pause(50);
      continue;
    }
    if (first !== undefined) await write(stream, first);
    while (!done(surroundings) && !stream.destroyed) {
      await write(stream, next(attempts++));
      if (attempts % 16 === 0) await pause(0);
    }
    stream.destroy();
  }
  return { attempts, got: [] };
}

function largeInventory(count: number): wire.Inventory {
  const namespaces = Array.from({ length: 6_000 }, (_, at) => ({
    name: `ns-${count % 7}-${at}`,
    phase: 'Active',
    labels: [{ key: 'team', value: `team-${(count + at) % 97}` }],
  }));
  return { ...emptyInventory, complete: true, namespaces };
}

const nasty = '\u0000\u001b[31m\ud800'.repeat(50);

/** By name: what strangers without a certificate can do, then what one enrolled agent can. */
export const attacks: Readonly<Record<string, Attack>> = {
  'enrol without a token': (s) =>
    inParallel(s, 100, async (session) =>
      strangeWhenOk('an invented join token')(
        await callStatus(session, enrollment.Enroll.path, enrolRequest()),
      ),
    ),

  'challenges for made-up certificates': (s) =>
    inParallel(s, 50, async (session) => {
      const certificate = randomBytes(600);
      const body = enrollment.RenewChallenge.requestSerialize({ certificate });
      const status = await callStatus(session, enrollment.RenewChallenge.path, body);
      return strangeWhenOk('a challenge for a made-up certificate')(status);
    }),

  'methods that need a certificate, without one': (s) =>
    inParallel(s, 20, async (session) => {
      const paths = [enrollment.Renew.path, sync.Connect.path, audit.Push.path];
      const path = paths[Math.floor(Math.random() * paths.length)] ?? '';
      return strangeWhenOk(path)(await callStatus(session, path, randomBytes(64)));
    }),

  'connections that say nothing': async (s) => {
    const sockets = Array.from({ length: 1_000 }, () => dialTcp(s.target));
    while (!done(s)) await pause(50);
    for (const socket of sockets) socket.destroy();
    return { attempts: sockets.length, got: [] };
  },

  'handshakes without end': async (s) => {
    let attempts = 0;
    const one = async (): Promise<void> => {
      while (!done(s)) {
        attempts++;
        const session = await openSession(s.target).catch(() => undefined);
        session?.destroy();
        if (session === undefined) await pause(5);
      }
    };
    await Promise.all(Array.from({ length: 20 }, one));
    return { attempts, got: [] };
  },

  'requests that are taken back at once': (s) =>
    inParallel(s, 10, async (session) => {
      const requests = Array.from({ length: 50 }, () => {
        const request = session.request(grpcHeaders(enrollment.Enroll.path));
        request.on('error', () => undefined).resume();
        request.close(8);
        return request;
      });
      // What the session still holds back would otherwise pile up in the attacker, not in central.
      const last = requests.at(-1);
      if (last?.closed === false) await Promise.race([once(last, 'close'), pause(500)]);
      await pause(1);
      return undefined;
    }),

  'frames that promise more than they hold': (s) =>
    inParallel(s, 10, async (session) => {
      const request = session.request(grpcHeaders(enrollment.Enroll.path));
      request.on('error', () => undefined).resume();
      request.write(framed(randomBytes(32), 0, 1024 ** 3));
      request.setTimeout(1_000, () => request.close());
      await once(request, 'close').catch(() => undefined);
      return undefined;
    }),

  'an agent that names another cluster': (s) =>
    inParallel(
      s,
      5,
      async (session) => {
        const request = session.request(grpcHeaders(sync.Connect.path));
        let heard = '';
        request.on('error', () => undefined);
        request.on('trailers', (fields) => (heard = String(fields['grpc-status'])));
        request.on('data', () => (heard ||= 'an answer'));
        request.write(framed(helloOf(s.identity, { clusterUid: s.foreignClusterUid })));
        request.setTimeout(5_000, () => request.close());
        await once(request, 'close').catch(() => undefined);
        return heard === 'an answer' || heard === '0' ? 'a stream for another cluster' : undefined;
      },
      s.identity,
    ),

  'an agent that comes back without end': (s) =>
    inParallel(
      s,
      10,
      async (session) => {
        const request = session.request(grpcHeaders(sync.Connect.path));
        request.on('error', () => undefined).resume();
        request.write(framed(helloOf(s.identity)));
        await Promise.race([once(request, 'data'), once(request, 'close'), pause(200)]).catch(
          () => undefined,
        );
        request.close();
        return undefined;
      },
      s.identity,
    ),

  'an agent that tells its inventory without end': (s) =>
    flood(s, sync.Connect.path, helloOf(s.identity), (count) =>
      message({ message: 'inventory', inventory: largeInventory(count) }),
    ),

  'an agent whose status cannot be stored': (s) =>
    flood(s, sync.Connect.path, helloOf(s.identity, { ceilingJson: JSON.stringify(nasty) }), () =>
      message({
        message: 'status',
        status: {
          appliedRevision: 1,
          objects: 1,
          driftRepairs: 0,
          spoolEpoch: '',
          spooledSequence: 0,
          ceilingDigest: nasty,
          ceilingJson: JSON.stringify({ spec: nasty }),
          conditions: [nasty],
          report: null,
        },
      }),
    ),

  'an agent that sends noise': (s) =>
    flood(s, sync.Connect.path, helloOf(s.identity), () => randomBytes(200)),

  'an agent that fills the trail': (s) => {
    let sequence = 0;
    return flood(s, audit.Push.path, undefined, () => {
      const records = Array.from({ length: 256 }, (): wire.AuditRecord => {
        const event = Buffer.from(
          JSON.stringify({ id: 'x', type: 'grant.created', message: nasty }),
        );
        return { sequence: ++sequence, content: 'event', event };
      });
      return audit.Push.requestSerialize({
        spoolEpoch: 'hostile',
        records,
        previousHash: new Uint8Array(),
      });
    });
  },
};
