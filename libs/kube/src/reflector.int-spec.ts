import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { KubeClient } from './kube-client.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorOptions, RelistReason } from './reflector-options.ts';
import { keyText, kubeResources } from './resources.ts';
import type { KubeObject } from './resources.ts';

const { namespaces, serviceAccounts } = kubeResources;
const admin = { name: 'admin', groups: ['system:masters'] };

let cluster: SimulatedCluster;
let client: KubeClient;
let token: string;
const running: Reflector<KubeObject>[] = [];
beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'reflector', namespaceDeletionMs: 5 });
});
beforeEach(() => {
  token = cluster.issueToken(admin);
  let held = token;
  client = new KubeClient({
    connection: {
      server: cluster.server,
      identity: () => Promise.resolve({ ca: cluster.caPem, token: held }),
      forget: () => {
        held = token;
      },
    },
  });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((reflector) => reflector.stop()));
  client.close();
  cluster.faults.clear();
  cluster.watches.silence(false);
});
afterAll(() => cluster.stop());

/** What a reflector says is there, kept as a program would keep it. */
function mirror(more: Partial<ReflectorOptions<KubeObject>> = {}) {
  const held = new Map<string, string>();
  const synced: RelistReason[] = [];
  const errors: string[] = [];
  const put = ({ metadata }: KubeObject): void =>
    void held.set(keyText(metadata), metadata.resourceVersion ?? '');
  const reflector = new Reflector<KubeObject>({
    client,
    resource: namespaces,
    // Waits between attempts are short: the jitter takes the lowest value.
    random: () => 0.001,
    handler: {
      onAdd: put,
      onUpdate: put,
      onDelete: ({ key }) => void held.delete(keyText(key)),
      onSynced: (reason) => void synced.push(reason),
      onError: (error) => errors.push((error as Error).message),
    },
    ...more,
  });
  running.push(reflector);
  reflector.start();
  return { held, synced, errors, reflector };
}

async function same(held: ReadonlyMap<string, string>): Promise<void> {
  await eventually(async () => {
    const { items } = await client.list(namespaces);
    const there = items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
    expect([...held].sort()).toEqual(there.sort());
  });
}

const create = (name: string) => client.create(namespaces, { metadata: { name } });
const lists = (): number => cluster.log.requests.filter(({ verb }) => verb === 'list').length;

describe('protocol 11 case 22: a watch that goes wrong', () => {
  test('an API server that restarts: the watch goes on where it was, without a list', async () => {
    const { held, synced } = mirror();
    await same(held);
    await cluster.halt();
    await cluster.resume();
    await create('after-restart');
    await same(held);
    expect(synced).toEqual(['start']);
  });

  test('410 after a compaction: everything is listed, and what went meanwhile is gone', async () => {
    await create('goes-unseen');
    const { held, synced } = mirror();
    await same(held);
    cluster.watches.silence(true);
    await client.delete(namespaces, { name: 'goes-unseen' });
    await eventually(async () => expect(await names()).not.toContain('goes-unseen'));
    await create('comes-unseen');
    cluster.compact();
    cluster.watches.silence(false);
    cluster.watches.end();
    await same(held);
    expect(synced).toEqual(['start', 'expired']);
  });

  test('silence: the watch is begun anew, and nothing that happened meanwhile is missed', async () => {
    const { held, synced } = mirror({ silenceMs: 150 });
    await same(held);
    cluster.watches.silence(true);
    await create('in-silence');
    expect(held.has('in-silence')).toBe(false);
    cluster.watches.silence(false);
    await same(held);
    expect(synced).toEqual(['start']);
  });

  test.each([
    ['no JSON', 'not json'],
    ['no event', '{"type":"ADDED"}'],
    [
      'an ERROR that is no 410',
      '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd"}}',
    ],
    ['half an event', '{"type":"ADDED","object":{"metadata":'],
  ])('a line that is %s: reported, and the watch goes on', async (what, line) => {
    const { held, errors } = mirror();
    await same(held);
    await eventually(() => expect(cluster.watches.size).toBe(1));
    cluster.watches.say(line);
    await eventually(() => expect(errors).toHaveLength(1));
    await create(`after-${what.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`);
    await same(held);
  });

  test('bookmarks only: the watch goes on from the last one', async () => {
    const { held } = mirror();
    await same(held);
    await client.create(serviceAccounts, { metadata: { namespace: 'default', name: 'moves-on' } });
    cluster.watches.bookmark();
    cluster.compact();
    const before = lists();
    await eventually(() => {
      cluster.watches.end();
      expect(cluster.watches.size).toBe(0);
    });
    await create('after-bookmark');
    await same(held);
    expect(lists()).toBeGreaterThanOrEqual(before);
  });

  test('a token that was rotated: the watch that ends begins again with the new one', async () => {
    const { held, synced } = mirror();
    await same(held);
    cluster.revokeToken(token);
    token = cluster.issueToken(admin);
    cluster.watches.end();
    await create('after-rotation');
    await same(held);
    expect(synced).toEqual(['start']);
  });

  test('lists that fail or hang: told by error, done when they succeed', async () => {
    cluster.faults.inject({ match: { verb: 'list' }, times: 1, status: 500 });
    cluster.faults.inject({ match: { verb: 'list' }, times: 1, dropConnection: 'before' });
    cluster.faults.inject({ match: { verb: 'watch' }, times: 1, status: 429 });
    const { held, errors } = mirror();
    await eventually(() => expect(errors).toHaveLength(3));
    await same(held);
  });

  async function names(): Promise<string[]> {
    return (await client.list(namespaces)).items.map(({ metadata }) => metadata.name);
  }
});

test('case 77: 2,000 objects come in pages of 500, and a cut watch goes on without another list', async () => {
  for (let start = 0; start < 2_000; start += 100) {
    const numbers = Array.from({ length: 100 }, (_, index) => start + index);
    await Promise.all(
      numbers.map((index) =>
        client.create(serviceAccounts, {
          metadata: { namespace: 'default', name: `many-${index}` },
        }),
      ),
    );
  }
  cluster.log.clear();
  const { held, synced } = mirror({ resource: serviceAccounts, namespace: 'default' });
  await eventually(() => expect(synced).toEqual(['start']));
  expect(held.size).toBeGreaterThanOrEqual(2_000);
  expect(lists()).toBe(5);
  cluster.cutConnections();
  const late = { namespace: 'default', name: 'late' };
  await eventually(() => client.create(serviceAccounts, { metadata: late }));
  await eventually(() => expect(held.has('default/late')).toBe(true));
  expect(lists()).toBe(5);
});
