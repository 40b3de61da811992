import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';

const apiVersion = 'ambit.dev/v1';
const people = 4_000;
const grants = 5_990;
const clusters = 10;

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central.stop();
  await db.close();
});

const named = (kind: string, name: string, spec: object): object => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
const grant = (at: number): object =>
  named('Grant', `l-g-${at}`, {
    subjects: [{ user: `l-u-${at % people}` }],
    role: 'view',
    scope: {
      clusters: { names: [`l-c-${at % clusters}`] },
      namespaces: { names: [at < people ? 'first' : 'second'] },
    },
    reason: 'x'.repeat(100),
  });
const times = (count: number, make: (at: number) => object): object[] =>
  Array.from({ length: count }, (_, at) => make(at));
const everything = (): object[] => [
  ...times(people, (at) => named('User', `l-u-${at}`, {})),
  ...times(clusters, (at) => named('Cluster', `l-c-${at}`, {})),
  ...times(grants, grant),
];

describe('a set of 10,000 objects', () => {
  test('is one revision, whatever the database allows a transaction to idle, and once more nothing', async () => {
    const objects = everything();
    expect(objects).toHaveLength(10_000);
    expect(JSON.stringify({ objects }).length).toBeGreaterThan(1024 * 1024);
    const { status, body } = await central.call('POST', '/apply', { body: { objects } });
    expect([status, body.detail]).toEqual([200, undefined]);
    expect(body.objects).toHaveLength(10_000);
    expect(body).toMatchObject({
      changed: true,
      clustersTotal: clusters,
      bindingsAdded: grants,
      bindingsRemoved: 0,
    });
    const revisions = new Set(
      (body.objects as { resourceVersion: string }[]).map((each) => each.resourceVersion),
    );
    expect(revisions).toEqual(new Set([String(body.revision)]));
    const [named100] = body.clusters;
    expect(named100.gain).toHaveLength(100);
    expect(named100.gainTotal).toBe(people / clusters);
    const all = await central.call('POST', '/apply', {
      body: { objects: [grant(0)], details: 'All', dryRun: 'All' },
    });
    expect(all.body).toMatchObject({ changed: false, clusters: [] });
  }, 300_000);

  test('that would take much away is stopped, and confirmed with the digest of a dry run', async () => {
    const locked = times(people, (at) => named('User', `l-u-${at}`, { active: false }));
    const dry = await central.call('POST', '/apply', { body: { objects: locked, dryRun: 'All' } });
    const { digest } = dry.body.removalGuard;
    const refused = await central.call('POST', '/apply', { body: { objects: locked } });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'confirmation_required', details: { digest } },
    });
    const confirmed = await central.call('POST', '/apply', {
      body: { objects: locked, confirmRemovals: digest },
    });
    expect(confirmed).toMatchObject({ status: 200, body: { bindingsRemoved: grants } });
  }, 300_000);
});

describe('an answer does not grow with the fleet', () => {
  test('it tells of 200 clusters, and with details=All of every one', async () => {
    const many = 210;
    const fleet = times(many, (at) => named('Cluster', `a-c-${at}`, {}));
    const everywhere = named('Grant', 'a-everywhere', {
      subjects: [{ user: 'a-person' }],
      role: 'view',
      scope: { clusters: { all: true }, clusterWide: true },
    });
    await central.apply(named('User', 'a-person', {}), ...fleet);
    const of = (
      details?: string,
    ): Promise<{ body: { clusters: object[]; clustersTotal: number } }> =>
      central.call('POST', '/apply', { body: { objects: [everywhere], dryRun: 'All', details } });
    const [short, whole] = [(await of()).body, (await of('All')).body];
    expect(short.clustersTotal).toBeGreaterThanOrEqual(many);
    expect(short.clusters).toHaveLength(200);
    expect(whole.clusters).toHaveLength(short.clustersTotal);
    expect(whole).toMatchObject({ bindingsAdded: short.clustersTotal });
  });
});

describe('what is too large is refused with its limit', () => {
  const wide = (bytes: number): string =>
    JSON.stringify({ objects: [], dryRun: 'All', confirmRemovals: 'x'.repeat(bytes) });

  test('more than 16 MiB, and of other routes more than 1 MiB', async () => {
    const over = await central.call('POST', '/apply', { body: wide(16 * 1024 * 1024) });
    expect(over).toMatchObject({
      status: 413,
      body: { detail: 'The body is larger than 16 MiB.' },
    });
    const other = await central.call('PUT', '/users/big', { body: wide(1024 * 1024) });
    expect(other).toMatchObject({
      status: 413,
      body: { detail: 'The body is larger than 1 MiB.' },
    });
    const { limits } = (await central.get('/system')).body;
    expect(limits).toMatchObject({ bodyBytes: 1024 ** 2, applyBodyBytes: 16 * 1024 ** 2 });
  });

  test('of a caller who may not apply nothing beyond an ordinary body is read', async () => {
    const body = wide(2 * 1024 * 1024);
    const nobody = await central.call('POST', '/apply', { body, token: 'amb_no' });
    expect(nobody.status).toBe(401);
    const viewer = await central.call('POST', '/tokens', {
      body: { name: 'l-viewer', role: 'viewer' },
    });
    const denied = await central.call('POST', '/apply', { body, token: viewer.body.token });
    expect(denied).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
    // The answer comes before the brackets are counted, so it was given before the body was looked at.
    const nested = await central.call('POST', '/apply', {
      body: '['.repeat(2 * 1024 * 1024),
      token: viewer.body.token,
    });
    expect(nested.status).toBe(403);
  });

  test('more than 10,000 objects', async () => {
    const objects = times(10_001, (at) => named('User', `m-${at}`, {}));
    const { status, body } = await central.call('POST', '/apply', { body: { objects } });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain('10000');
  });
});
