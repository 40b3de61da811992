import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import type { KubeConnection } from './connection.ts';
import { KubeClient } from './kube-client.ts';
import type { KubeClientOptions } from './caller.ts';
import { isKubeError } from './kube-error.ts';
import type { KubeError } from './kube-error.ts';
import { kubeResources } from './resources.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

const { clusterRoles, namespaces } = kubeResources;
const admin = { name: 'admin', groups: ['system:masters'] };

let cluster: SimulatedCluster;
const clients: KubeClient[] = [];
beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'kube-client' });
});
afterEach(() => {
  cluster.faults.clear();
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => cluster.stop());

function connection(server = cluster.server): KubeConnection {
  const token = cluster.issueToken(admin);
  return {
    server,
    identity: () => Promise.resolve({ ca: cluster.caPem, token }),
    forget: () => undefined,
  };
}

function clientWith(options: Partial<KubeClientOptions> = {}): KubeClient {
  const client = new KubeClient({ connection: connection(), ...options });
  clients.push(client);
  return client;
}

async function refusal(call: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isKubeError(error)) throw new Error('no KubeError', { cause: error });
  return error;
}

const namespace = (name: string) => ({ metadata: { name } });
const get = (client: KubeClient) => client.get(clusterRoles, { name: 'view' });

describe('a server that fails', () => {
  test('one that hangs is given up after the time limit, and the next call succeeds', async () => {
    const client = clientWith({ timeoutMs: 200 });
    cluster.faults.inject({ match: { verb: 'get' }, times: 1, hang: true });
    const error = await refusal(get(client));
    expect(error).toMatchObject({ status: 0, reason: 'TimedOut', retryable: true });
    await eventually(() => get(client));
  });

  test('429 and 503 carry the wait that was asked for', async () => {
    cluster.faults.inject({ times: 1, status: 429, reason: 'TooManyRequests', retryAfter: 3 });
    const error = await refusal(get(clientWith()));
    expect(error).toMatchObject({ status: 429, reason: 'TooManyRequests', retryAfterMs: 3_000 });
  });

  test('a connection cut before the answer says so, and a write may have happened all the same', async () => {
    const client = clientWith();
    const match = { verb: 'create', resource: 'namespaces' };
    cluster.faults.inject({ match, times: 1, dropConnection: 'before' });
    const before = await refusal(client.create(namespaces, namespace('cut')));
    expect(before).toMatchObject({ status: 0, reason: 'Unreachable', retryable: true });
    cluster.faults.inject({ match, times: 1, dropConnection: 'after' });
    expect(await refusal(client.create(namespaces, namespace('cut')))).toMatchObject({ status: 0 });
    const again = await refusal(client.create(namespaces, namespace('cut')));
    expect(again).toMatchObject({ status: 409, reason: 'AlreadyExists' });
  });

  test('GOAWAY between and during calls is not noticed', async () => {
    const client = clientWith();
    await get(client);
    cluster.faults.inject({ match: { verb: 'get' }, times: 20, delayMs: 30 });
    const calls = Array.from({ length: 20 }, () => get(client));
    await eventually(() => expect(cluster.connections).toBeGreaterThan(0));
    cluster.goAway();
    await get(client);
    expect(await Promise.all(calls)).toHaveLength(20);
  });

  test('a server that restarts is found again, by a new call', async () => {
    const client = clientWith();
    await get(client);
    await cluster.halt();
    expect(await refusal(get(client))).toMatchObject({ status: 0, reason: 'Unreachable' });
    await cluster.resume();
    await eventually(() => get(client));
  });

  test('what is no JSON is an error, not an object', async () => {
    cluster.faults.inject({ times: 1, status: 502, message: '<html>bad gateway</html>' });
    expect(await refusal(get(clientWith()))).toMatchObject({ status: 502, retryable: true });
  });
});

describe('the limit of streams', () => {
  test('calls above it wait here and end with their time, without a stream', async () => {
    const client = clientWith({ timeoutMs: 2_000 });
    await get(client);
    const fault = cluster.faults.inject({ match: { verb: 'get' }, hang: true });
    const calls = Promise.all(Array.from({ length: 130 }, () => refusal(get(client))));
    await eventually(() => expect(fault.met).toBe(100));
    // Whoever comes on another connection is served: the thirty wait on our side.
    await clientWith().list(clusterRoles);
    expect(fault.met).toBe(100);
    const others = (await calls).filter(({ reason }) => reason !== 'TimedOut');
    expect(others).toEqual([]);
    fault.disarm();
    await eventually(() => get(client));
  });
});

describe('a server that refuses streams', () => {
  test('gets the call again until it takes it, and it is made once', async () => {
    const client = clientWith();
    const match = { verb: 'create', resource: 'namespaces' };
    const fault = cluster.faults.inject({ match, times: 5, refuseStream: true });
    await client.create(namespaces, namespace('refused'));
    expect(fault.met).toBe(5);
    expect(await refusal(client.create(namespaces, namespace('refused')))).toMatchObject({
      reason: 'AlreadyExists',
    });
  });

  test('is given up when the time of the call is over', async () => {
    const fault = cluster.faults.inject({ match: { verb: 'get' }, refuseStream: true });
    const error = await refusal(get(clientWith({ timeoutMs: 3_000 })));
    expect(error).toMatchObject({ status: 0, reason: 'TimedOut' });
    expect(fault.met).toBeGreaterThan(2);
  });
});

describe('an identity that changes', () => {
  test('case 43: a token that is no longer good is read again once, and the call made again', async () => {
    let token = cluster.issueToken(admin);
    let held = token;
    const statuses: number[] = [];
    const client = clientWith({
      connection: {
        server: cluster.server,
        identity: () => Promise.resolve({ ca: cluster.caPem, token: held }),
        forget: () => {
          held = token;
        },
      },
      onCall: ({ status }) => statuses.push(status),
    });
    await get(client);
    cluster.revokeToken(token);
    token = cluster.issueToken(admin);
    await get(client);
    expect(statuses).toEqual([200, 401, 200]);
    cluster.revokeToken(token);
    expect(await refusal(get(client))).toMatchObject({ status: 401, reason: 'Unauthorized' });
    expect(statuses).toHaveLength(5);
  });

  test('case 43: a deleted ServiceAccount’s token is refused, one of the new account is taken up', async () => {
    const boss = clientWith();
    const account = { metadata: { namespace: 'default', name: 'robot' } };
    const newToken = async (): Promise<string> => {
      await boss.create(kubeResources.serviceAccounts, account);
      const tokens = { ...kubeResources.serviceAccounts, plural: 'serviceaccounts/robot/token' };
      const answer = await boss.create(tokens, account as never);
      return (answer as unknown as { status: { token: string } }).status.token;
    };
    let token = await newToken();
    const identity = () => Promise.resolve({ ca: cluster.caPem, token });
    const client = clientWith({ connection: { ...connection(), identity } });
    expect(await refusal(get(client))).toMatchObject({ status: 403 });
    await boss.delete(kubeResources.serviceAccounts, account.metadata);
    expect(await refusal(get(client))).toMatchObject({ status: 401 });
    token = await newToken();
    expect(await refusal(get(client))).toMatchObject({ status: 403 });
  });
});

/** A TCP proxy that can stop forwarding without closing anything, like a firewall that drops packets. */
async function freezer(target: string) {
  const sockets: Socket[] = [];
  let frozen = false;
  const server = createServer((inner) => {
    const outer = connect(Number(new URL(target).port), '127.0.0.1');
    sockets.push(inner, outer);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (chunk) => void (frozen || to.write(chunk)));
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('a peer that went silent is found by PING within 30 s, and the client goes on over a new connection', async () => {
  const proxy = await freezer(cluster.server);
  // A hundred times faster while the peer is silent, and remembering which waits were asked for.
  const asked: number[] = [];
  let silent = false;
  const timers: Timers = {
    ...platformTimers,
    after: (delay, callback) => {
      asked.push(delay);
      const isPing = delay === 20_000;
      return platformTimers.after(isPing || silent ? delay / 100 : delay, callback);
    },
  };
  const client = clientWith({ connection: connection(proxy.server), timers, timeoutMs: 200_000 });
  const events = client.watch(namespaces, { resourceVersion: '0' }, new AbortController().signal);
  await events.next();
  proxy.freeze();
  silent = true;
  const error = await refusal(
    (async () => {
      while (!(await events.next()).done);
    })(),
  );
  expect(error).toMatchObject({ status: 0, reason: 'Unreachable' });
  expect(asked).toEqual(expect.arrayContaining([20_000, 10_000]));
  proxy.thaw();
  silent = false;
  await get(client);
  proxy.close();
});

test('closing ends calls and watches', async () => {
  const client = clientWith();
  const watch = client.watch(
    namespaces,
    { resourceVersion: '999999' },
    new AbortController().signal,
  );
  const next = refusal(watch.next());
  await eventually(() => expect(cluster.watches.size).toBe(1));
  client.close();
  expect(await next).toMatchObject({ status: 0 });
  expect(await refusal(get(client))).toMatchObject({
    status: 0,
    reason: 'Aborted',
    retryable: false,
  });
  await eventually(() => expect(cluster.watches.size).toBe(0));
});

describe('writes that are bounded', () => {
  const make = (client: KubeClient, name: string) => client.create(namespaces, namespace(name));

  test('none leaves when it may not, and reads go on', async () => {
    const client = clientWith({ writesWithin: () => 0 });
    expect(await refusal(make(client, 'fenced'))).toMatchObject({ status: 0, reason: 'Fenced' });
    const key = { name: 'default' };
    for (const write of [client.mergePatch(namespaces, key, {}), client.delete(namespaces, key)])
      expect((await refusal(write)).reason).toBe('Fenced');
    expect((await get(client)).metadata.name).toBe('view');
    const { items } = await client.list(namespaces);
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('fenced');
  });

  test('one that gets no answer in its time is called off then, long before other calls are', async () => {
    const client = clientWith({ writesWithin: () => 150, timeoutMs: 60_000 });
    cluster.faults.inject({ match: { verb: 'create' }, times: 1, hang: true });
    expect(await refusal(make(client, 'late'))).toMatchObject({
      reason: 'TimedOut',
      message: expect.stringContaining('150 ms'),
    });
  });

  test('one whose process was stopped on the way is not sent, though no timer has run yet', async () => {
    let now = 0;
    // Nothing of its time runs out by itself: what is seen is the look before the last byte.
    const timers: Timers = { after: () => () => undefined, monotonic: () => now };
    const client = clientWith({ writesWithin: () => 5_000, timers });
    await get(client);
    const write = make(client, 'stopped');
    now = 20_000;
    expect((await refusal(write)).reason).toBe('TimedOut');
    now = 0;
    const { items } = await client.list(namespaces);
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('stopped');
  });

  test('nor one whose bound is over on the way by a clock that its own timers do not know', async () => {
    let within = 5_000;
    const client = clientWith({ writesWithin: () => within });
    await get(client);
    const write = make(client, 'suspended');
    within = 0;
    expect((await refusal(write)).reason).toBe('TimedOut');
    const { items } = await client.list(namespaces);
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('suspended');
  });
});
