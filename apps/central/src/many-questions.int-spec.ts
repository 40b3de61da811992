import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openClusterSession, writeInventory } from '@ambit/persistence';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, grant, TestCentral, user } from './central.test-support.ts';
import { StatementCount } from './statement-count.test-support.ts';

const names = Array.from({ length: 40 }, (_, at) => `c${at}`);
const people = Array.from({ length: 25 }, (_, at) => `p${at}`);

let db: TestDatabase;
let tap: StatementCount;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  const { count, url } = await StatementCount.before(db.url);
  tap = count;
  central = await TestCentral.start(url);
  await central.apply(
    ...people.map((name) => user(name)),
    ...names.map((name) => cluster(name)),
    ...people.map((name, at) =>
      grant(`g-${name}`, [{ user: name }], names, {
        role: at % 2 === 0 ? 'edit' : 'view',
        scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
      }),
    ),
  );
  for (const name of names) await tell(name);
});
afterAll(async () => {
  await central?.stop();
  tap?.close();
  await db.close();
});

async function tell(name: string): Promise<void> {
  const { body } = await central.get(`/clusters/${name}`);
  const clusterUid: string = body.metadata.uid;
  const sessionEpoch = await openClusterSession(db.database, {
    clusterUid,
    replica: 'another',
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling: defaultCeiling,
    ceilingDigest: 'd',
    at: Date.now(),
  });
  const rules = (verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }];
  await writeInventory(db.database, {
    clusterUid,
    sessionEpoch,
    complete: true,
    namespaces: [{ name: 'payments', labels: {}, phase: 'Active' }],
    clusterRoles: [
      { name: 'view', rules: rules(['get']), hash: 'v' },
      { name: 'edit', rules: rules(['get', 'delete']), hash: 'e' },
    ],
    removedNamespaces: [],
    removedClusterRoles: [],
  });
}

const checks = Array.from({ length: 1_000 }, (_, at) => ({
  user: people[at % people.length],
  cluster: names[at % names.length],
  namespace: 'payments',
  verb: at % 3 === 0 ? 'delete' : 'get',
  resource: 'pods',
}));

interface Item {
  readonly allowed: boolean;
  readonly paths: object[];
  readonly refusals: { readonly reason: string }[];
  readonly until?: string;
}

/** What is left of an answer without its details. */
const briefOf = ({ allowed, refusals, until }: Item): object => ({
  allowed,
  paths: [],
  refusals: refusals.slice(0, 1),
  ...(until === undefined ? {} : { until }),
});

/** People, one that is not there, verbs, resources in several forms, and namespaces, over some clusters. */
const mixed = Array.from({ length: 72 }, (_, at) => ({
  user: ['p1', 'p2', 'p3', 'nobody'][at % 4],
  cluster: names[at % 5],
  ...(at % 7 === 0 ? {} : { namespace: at % 3 === 0 ? 'elsewhere' : 'payments' }),
  verb: ['get', 'delete', 'list', 'patch', 'create'][at % 5],
  resource: ['pods', 'po', 'deploy', 'pods/log', 'nodes', 'Pod', 'secrets'][at % 7],
}));

/** The answer, and the fewest statements that it took: what runs beside it comes and goes. */
async function asked(path: string, body?: object) {
  const counts: number[] = [];
  let reply = await central.call(body === undefined ? 'GET' : 'POST', path, { body });
  for (let round = 0; round < 5; round++) {
    const before = tap.statements;
    reply = await central.call(body === undefined ? 'GET' : 'POST', path, { body });
    counts.push(tap.statements - before);
  }
  return { reply, statements: Math.min(...counts) };
}

describe('questions of many clusters', () => {
  test('a thousand are answered in at most three statements, each as it would be alone', async () => {
    const { reply, statements } = await asked('/access/check', { checks });
    expect(reply.status).toBe(200);
    expect(statements).toBeGreaterThan(0);
    expect(statements).toBeLessThanOrEqual(3);
    const items: { allowed: boolean }[] = reply.body.items;
    expect(items.map(({ allowed }) => allowed)).toEqual(
      checks.map(({ verb }, at) => verb === 'get' || (at % people.length) % 2 === 0),
    );
  });

  test('a thousand without details take the same statements and give the same yes and no', async () => {
    const { reply, statements } = await asked('/access/check', { checks, details: false });
    expect(statements).toBeGreaterThan(0);
    expect(statements).toBeLessThanOrEqual(3);
    const { body } = await central.call('POST', '/access/check', { body: { checks } });
    const items: Item[] = body.items;
    expect(reply.body.items).toEqual(items.map(briefOf));
    expect(items.filter(({ allowed }) => allowed).length).toBeGreaterThan(100);
    expect(items.filter(({ allowed }) => !allowed).length).toBeGreaterThan(100);
  });

  test('each of a mixed lot is answered as it is alone, with details and without', async () => {
    for (const details of [true, false]) {
      const { body } = await central.call('POST', '/access/check', {
        body: { checks: mixed, details },
      });
      const reasons = new Set<string>();
      for (const [at, check] of mixed.entries()) {
        const alone = await central.call('POST', '/access/check', {
          body: { checks: [check], details },
        });
        expect([check, alone.body.items?.[0]]).toEqual([check, body.items[at]]);
        reasons.add(body.items[at].refusals[0]?.reason ?? 'allowed');
      }
      expect([...reasons].sort()).toEqual([
        'allowed',
        'cluster_scoped',
        'rules_insufficient',
        'scope_elsewhere',
        'user_unknown',
      ]);
    }
  });

  test('who can is answered in at most three statements', async () => {
    const query = new URLSearchParams({
      cluster: 'c7',
      verb: 'delete',
      resource: 'pods',
      namespace: 'payments',
    });
    const { reply, statements } = await asked(`/access/who-can?${query}`);
    expect(reply.body.items).toHaveLength(13);
    expect(statements).toBeLessThanOrEqual(3);
  });

  test('a namespace that goes turns the next answer', async () => {
    const before = await asked('/access/check', { checks: checks.slice(0, 1) });
    expect(before.reply.body.items[0].allowed).toBe(true);
    await db.database.query(
      `DELETE FROM cluster_namespaces n USING clusters c WHERE c.uid = n.cluster_uid AND c.name = 'c0'`,
    );
    await eventually(async () => {
      const { body } = await central.call('POST', '/access/check', {
        body: { checks: [checks[0]] },
      });
      expect(body.items[0].refusals[0].reason).toBe('namespace_missing');
    });
  });
});
