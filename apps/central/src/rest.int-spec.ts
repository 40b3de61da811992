import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  grant,
  group,
  role,
  TestCentral,
  user,
} from './central.test-support.ts';
import type { CallOptions, Reply } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const put = (path: string, body: unknown, options: CallOptions = {}): Promise<Reply> =>
  central.call('PUT', path, { body, ...options });
const remove = (path: string, options: CallOptions = {}): Promise<Reply> =>
  central.call('DELETE', path, options);
const apply = (body: object): Promise<Reply> => central.call('POST', '/apply', { body });
const revision = async (): Promise<number> => (await central.get('/system')).body.revision;
const names = (reply: Reply): string[] =>
  reply.body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
const auditOf = async (query: string): Promise<{ type: string; message: string }[]> =>
  (await central.get(`/audit/events?${query}`)).body.items;

describe('one object', () => {
  test('is created, read with its ETag, changed only by who has seen it, and deleted', async () => {
    const created = await put('/users/alice', user('alice', { displayName: 'Alice' }));
    expect(created.status).toBe(201);
    const { resourceVersion } = created.body.metadata;
    expect(created.headers.get('etag')).toBe(`"${resourceVersion}"`);
    expect(created.headers.get('ambit-revision')).toBe(resourceVersion);
    expect(created.headers.get('ambit-request-id')).toBeTruthy();

    const again = await put('/users/alice', user('alice', { displayName: 'Alice' }));
    expect(again.status).toBe(200);
    expect(again.body.metadata).toMatchObject({ resourceVersion, generation: 1 });

    const stale = await put('/users/alice', user('alice', { displayName: 'A' }), {
      headers: { 'if-match': '"1"' },
    });
    expect(stale).toMatchObject({ status: 412, body: { code: 'stale_resource' } });
    const mine = await put('/users/alice', user('alice', { displayName: 'A' }), {
      headers: { 'if-match': `"${resourceVersion}"` },
    });
    expect(mine.body).toMatchObject({ spec: { displayName: 'A' }, metadata: { generation: 2 } });

    const twice = await put('/users/alice', user('alice'), { headers: { 'if-none-match': '*' } });
    expect(twice).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    const cached = await central.get('/users/alice', { headers: { 'if-none-match': '"5"' } });
    expect(cached.status).toBe(200);

    const gone = await remove('/users/alice', { headers: { 'if-match': '"1"' } });
    expect(gone.status).toBe(412);
    expect((await remove('/users/alice')).body.objects).toMatchObject([
      { kind: 'User', name: 'alice', action: 'deleted' },
    ]);
    expect(await central.get('/users/alice')).toMatchObject({
      status: 404,
      body: { code: 'not_found', nextCommand: 'ambit get users' },
    });
  });

  test('case 42: of the same name as one that was deleted is another one, and inherits nothing', async () => {
    await central.apply(
      user('ghost'),
      cluster('c-ghost'),
      grant('g-ghost', [{ user: 'ghost' }], ['c-ghost']),
    );
    const { uid } = (await central.get('/users/ghost')).body.metadata;
    await remove('/users/ghost');
    expect((await central.get('/grants/g-ghost')).status).toBe(404);
    const made = await put('/users/ghost', user('ghost'));
    expect(made.body.metadata.uid).not.toBe(uid);
    const old = { ...user('ghost'), metadata: { name: 'ghost', uid } };
    expect(await put('/users/ghost', old)).toMatchObject({
      status: 412,
      body: { code: 'stale_resource', why: expect.stringContaining(uid) },
    });
  });

  test('a grant tells the way in by which it came, and no body can say another', async () => {
    await central.apply(
      user('sam'),
      cluster('c-source'),
      grant('g-src', [{ user: 'sam' }], ['c-source']),
    );
    const read = (await central.get('/grants/g-src')).body;
    expect(read.metadata.source).toBe('api');
    const metadata = { ...read.metadata, source: 'git', labels: { changed: 'yes' } };
    const forged = { ...read, metadata, status: { source: 'git' } };
    const answered = await put('/grants/g-src', forged);
    expect(answered).toMatchObject({
      status: 200,
      body: { metadata: { source: 'api', labels: { changed: 'yes' } } },
    });
    const made = grant('g-made', [{ user: 'sam' }], ['c-source']);
    await central.apply({ ...made, metadata: { name: 'g-made', source: 'request/AR-1' } });
    expect((await central.get('/grants/g-made')).body.metadata.source).toBe('api');
    const sync = await central.call('POST', '/tokens', { body: { name: 'src', role: 'sync' } });
    const synced = await put('/grants/g-src', forged, { token: sync.body.token });
    expect(synced).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
  });

  test('that is used cannot be deleted under its users; the cluster is let go by rm', async () => {
    await central.apply(
      user('ken'),
      role('ops', { clusterRole: 'view' }),
      cluster('c-used'),
      grant('g-used', [{ user: 'ken' }], ['c-used'], { role: 'ops' }),
    );
    expect(await remove('/roles/ops')).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(await remove('/clusters/c-used')).toMatchObject({
      status: 409,
      body: { code: 'in_use', nextCommand: 'ambit cluster rm c-used' },
    });
    expect(await remove('/roles/view')).toMatchObject({ status: 409, body: { code: 'in_use' } });
    const removed = await central.call('POST', '/clusters/c-used/remove', { body: {} });
    expect(removed).toMatchObject({ status: 202, body: { state: 'removed', connected: false } });
    expect((await central.get('/grants/g-used')).status).toBe(404);
  });

  test('is refused with every problem, where it stands and what was meant', async () => {
    const wrong = {
      ...user('Alice Ito'),
      spec: { displayNam: 'x', active: 'yes' },
    };
    const { status, body } = await put('/users/Alice%20Ito', wrong);
    expect(status).toBe(422);
    expect(body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/spec/displayNam', didYouMean: 'displayName' }),
        expect.objectContaining({ pointer: '/metadata/name' }),
        expect.objectContaining({ pointer: '/spec/active' }),
      ]),
    );
    const folded = await put('/users/ALICE', user('ALICE'));
    expect(folded.body.errors[0]).toMatchObject({ didYouMean: 'alice' });
    const system = await put('/users/system', user('system:admin'));
    expect(system.status).toBe(422);
    expect(await put('/users/a', user('b'))).toMatchObject({ status: 422 });
  });
});

describe('apply', () => {
  const set = [
    grant('g-set', [{ group: 'set-team' }], ['set-eu']),
    group('set-team', ['set-a']),
    cluster('set-eu', { env: 'prod' }),
    user('set-a'),
  ];

  test('takes objects in any order, as one revision, and says what it does to each cluster', async () => {
    const before = await revision();
    const { body } = await apply({ objects: set });
    expect(body).toMatchObject({
      changed: true,
      revision: before + 1,
      objects: set.map((_, at) => ({
        document: at,
        action: 'created',
        resourceVersion: String(before + 1),
      })),
      clusters: [{ name: 'set-eu', connected: false, bindingsAdded: 1, gain: ['set-a'] }],
    });
    const again = await apply({ objects: set });
    expect(again.body).toMatchObject({ changed: false, revision: before + 1, clusters: [] });
    expect(again.body.objects.every((each: Reply['body']) => each.action === 'unchanged')).toBe(
      true,
    );
  });

  test('of a dry run shows the same and stores nothing', async () => {
    const before = await revision();
    const objects = [user('dry-user'), group('set-team', ['set-a', 'dry-user'])];
    const { body } = await apply({ objects, dryRun: 'All' });
    expect(body).toMatchObject({
      dryRun: true,
      changed: true,
      objects: [{ action: 'created' }, { action: 'configured' }],
      clusters: [{ name: 'set-eu', gain: ['dry-user'] }],
    });
    for (const [method, path, given] of [
      ['PUT', '/users/dry-user', user('dry-user')],
      ['DELETE', '/users/set-a', undefined],
      ['POST', '/groups/set-team/members', { remove: ['set-a'] }],
      ['PUT', '/groups/set-team/members', { members: [] }],
    ] as const) {
      const reply = await central.call(method, `${path}?dryRun=All`, { body: given });
      expect(reply).toMatchObject({
        status: 200,
        body: { kind: 'ApplyResult', dryRun: true, changed: true },
      });
    }
    const revoke = { subject: { group: 'set-team' }, dryRun: 'All' };
    const revoked = await central.call('POST', '/access/revoke', { body: revoke });
    expect(revoked.body).toMatchObject({ dryRun: true, clusters: [{ lose: ['set-a'] }] });
    expect(await revision()).toBe(before);
    expect((await central.get('/users/dry-user')).status).toBe(404);
  });

  test('is read as the command reads its files: each document by its number, later fields told apart', async () => {
    const objects = [user('set-ok'), user('set-x', { source: 'scim' }), { kind: 'Nothing' }];
    const reply = await central.call('POST', '/apply', { body: { objects } });
    expect(reply).toMatchObject({ status: 422, body: { code: 'invalid_policy' } });
    expect(reply.body.errors).toEqual([
      {
        document: 1,
        pointer: '/spec/source',
        message: 'spec.source is not in this version',
      },
      expect.objectContaining({ document: 2, pointer: '/kind' }),
    ]);
    const one = await central.call('PUT', '/users/set-x', { body: objects[1] });
    expect(one.body.errors).toMatchObject([{ message: 'spec.source is not in this version' }]);
  });

  test('stores all or nothing, and names every missing reference with the nearest name', async () => {
    const before = await revision();
    const { status, body } = await apply({
      objects: [user('half'), grant('g-half', [{ user: 'set-b' }], ['set-ue'], { role: 'vieww' })],
    });
    expect(status).toBe(422);
    expect(body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ document: 1, pointer: '/spec/subjects/0/user' }),
        expect.objectContaining({ document: 1, pointer: '/spec/role', didYouMean: 'view' }),
        expect.objectContaining({ pointer: '/spec/scope/clusters/names/0', didYouMean: 'set-eu' }),
      ]),
    );
    expect(await revision()).toBe(before);
    const twice = await apply({ objects: [user('dup'), user('dup')] });
    expect(twice.body.detail).toContain('stands here twice');
  });

  test('of an ended grant again changes nothing; a new one whose end is past is refused', async () => {
    const endingIn = (ms: number) => {
      const soon = new Date(Date.now() + ms).toISOString();
      const objects = [grant('g-short', [{ user: 'set-a' }], ['set-eu'], { until: soon })];
      return { soon, objects };
    };
    // A busy machine may apply it when it has ended.
    let ms = 400;
    let { soon, objects } = endingIn(ms);
    while ((await apply({ objects })).status === 422) ({ soon, objects } = endingIn((ms *= 4)));
    await eventually(async () =>
      expect((await central.get('/grants/g-short')).body.status.state).toBe('Ended'),
    );
    expect((await apply({ objects })).body).toMatchObject({ changed: false });
    const late = [grant('g-late', [{ user: 'set-a' }], ['set-eu'], { until: soon })];
    expect(await apply({ objects: late })).toMatchObject({
      status: 422,
      body: { code: 'end_in_the_past', errors: [{ pointer: '/spec/until' }] },
    });
  });

  test('that takes much away stops, unless the caller has seen what', async () => {
    const people = Array.from({ length: 30 }, (_, at) => `crowd-${at}`);
    await central.apply(
      ...people.map((name) => user(name)),
      group('crowd', people),
      cluster('crowd-eu'),
      grant('g-crowd', [{ group: 'crowd' }], ['crowd-eu']),
    );
    const empty = { body: { members: [] } };
    const stopped = await central.call('PUT', '/groups/crowd/members', empty);
    expect(stopped).toMatchObject({ status: 409, body: { code: 'confirmation_required' } });
    const dry = await central.call('PUT', '/groups/crowd/members?dryRun=All', empty);
    const { digest } = dry.body.removalGuard;
    expect(stopped.body.details.digest).toBe(digest);
    const other = await central.call('DELETE', `/groups/crowd?confirmRemovals=${digest}0`);
    expect(other.status).toBe(409);
    const done = await central.call(
      'PUT',
      `/groups/crowd/members?confirmRemovals=${digest}`,
      empty,
    );
    expect(done.body).toMatchObject({ changed: true, clusters: [{ loseTotal: 30 }] });
    expect(await central.metric('ambit_removal_guard_trips_total')).toBeGreaterThanOrEqual(1);
  });
});

describe('lists', () => {
  test('come in pages, by labels and by text, and end', async () => {
    const labelled = (name: string, team: string): object => ({
      ...user(name),
      metadata: { name, labels: { team } },
    });
    await central.apply(
      ...Array.from({ length: 7 }, (_, at) => labelled(`list-${at}`, at % 2 === 0 ? 'a' : 'b')),
    );
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await central.get(`/users?limit=3&q=list-${cursor}`);
      seen.push(...names(page));
      const next = page.body.metadata.continue as string | undefined;
      cursor = next === undefined ? '' : `&continue=${encodeURIComponent(next)}`;
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: 7 }, (_, at) => `list-${at}`));
    const odd = await central.get('/users?labelSelector=team%20in%20(b)&q=list-');
    expect(names(odd)).toEqual(['list-1', 'list-3', 'list-5']);
    expect((await central.get('/users?labelSelector=team%20in')).status).toBe(422);
    expect((await central.get('/users?continue=x')).status).toBe(422);
  });

  test('case b67: sort, search and cursor texts never reach SQL', async () => {
    const texts = [`'; DROP TABLE users; --`, '%', '_', '\\', 'a\u0000b', '{"$ne":1}', '1 OR 1=1'];
    for (const text of texts) {
      const encoded = encodeURIComponent(text);
      for (const query of [`q=${encoded}`, `continue=${encoded}`, `labelSelector=${encoded}`]) {
        for (const path of ['users', 'groups', 'roles', 'grants', 'clusters']) {
          expect([200, 422]).toContain((await central.get(`/${path}?${query}`)).status);
        }
      }
      expect([200, 422]).toContain((await central.get(`/audit/events?q=${encoded}`)).status);
    }
    expect(names(await central.get('/users?q=%25'))).toEqual([]);
  });

  test('of members and tokens page too', async () => {
    await central.apply(
      user('m-1'),
      user('m-2'),
      user('m-3'),
      group('m-team', ['m-1', 'm-2', 'm-3']),
    );
    const first = await central.get('/groups/m-team/members?limit=2');
    expect(first.body.items).toMatchObject([{ user: 'm-1' }, { user: 'm-2' }]);
    const rest = await central.get(
      `/groups/m-team/members?limit=2&continue=${first.body.metadata.continue}`,
    );
    expect(rest.body.items).toMatchObject([{ user: 'm-3' }]);
    expect(rest.body.metadata.continue).toBeUndefined();
  });
});

describe('revoking', () => {
  test('case b7: takes direct access away, and names what remains and how to end it', async () => {
    await central.apply(
      user('acc'),
      group('acc-team', ['acc']),
      cluster('acc-eu'),
      grant('acc-direct', [{ user: 'acc' }], ['acc-eu']),
      grant('acc-group', [{ group: 'acc-team' }], ['acc-eu']),
    );
    const revoked = await central.call('POST', '/access/revoke', {
      body: { subject: { user: 'acc' } },
    });
    expect(revoked.body).toMatchObject({
      objects: [{ kind: 'Grant', name: 'acc-direct', action: 'deleted' }],
      remaining: [{ grant: 'acc-group', group: 'acc-team' }],
    });
    expect((await central.get('/grants/acc-direct')).status).toBe(404);
    const unknown = await central.call('POST', '/access/revoke', {
      body: { subject: { user: 'nobody' } },
    });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('errors', () => {
  test('case U14: a refusal says what is missing, why, and the next step', async () => {
    const made = await central.call('POST', '/tokens', {
      body: { name: 'looker', role: 'viewer' },
    });
    const refused = await put('/users/x', user('x'), { token: made.body.token });
    expect(refused).toMatchObject({
      status: 403,
      body: {
        code: 'permission_denied',
        details: { missing: 'users:write' },
        why: expect.stringContaining('viewer'),
        hint: expect.any(String),
        requestId: refused.headers.get('ambit-request-id'),
      },
    });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
  });

  test('of a path or method that does not exist', async () => {
    const patch = await central.call('PATCH', '/users/alice', { body: {} });
    expect(patch).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(patch.headers.get('allow')).toBe('GET, PUT, DELETE');
    expect(await central.get('/nothing')).toMatchObject({
      status: 404,
      body: { code: 'route_not_found' },
    });
    const head = await central.call('HEAD', '/users');
    expect(head.status).toBe(200);
    expect(await central.get('/users/%E0%A4%A')).toMatchObject({
      body: { requestId: expect.any(String) },
    });
  });
});

describe('the trail', () => {
  test('case 87: every kind of change has its line, with who and which request', async () => {
    await central.apply(
      user('t-1'),
      group('t-team', []),
      role('t-role', { clusterRole: 'view' }),
      cluster('t-eu'),
    );
    await central.apply(grant('t-g', [{ group: 't-team' }], ['t-eu'], { role: 't-role' }));
    await put('/users/t-1', user('t-1', { active: false }));
    await put('/users/t-1', user('t-1', { active: true, displayName: 'T' }));
    await put('/groups/t-team', document('Group', 't-team', { displayName: 'T' }));
    await central.call('POST', '/groups/t-team/members', { body: { add: ['t-1'] } });
    await central.call('POST', '/groups/t-team/members', { body: { remove: ['t-1'] } });
    await put('/roles/t-role', role('t-role', { clusterRole: 'edit' }));
    await put('/clusters/t-eu', cluster('t-eu', { env: 'test' }));
    await put('/grants/t-g', grant('t-g', [{ user: 't-1' }], ['t-eu']));
    const join = await central.call('POST', '/clusters/t-eu/join-tokens', { body: {} });
    await remove(`/clusters/t-eu/join-tokens/${join.body.id}`);
    const token = await central.call('POST', '/tokens', {
      body: { name: 't-token', role: 'sync' },
    });
    const gone = await remove(`/tokens/${token.body.apiToken.id}`);
    expect(gone.body.state).toBe('revoked');
    await remove('/users/t-1');
    await remove('/groups/t-team');
    await remove('/roles/t-role');
    await central.call('POST', '/clusters/t-eu/remove', { body: {} });
    const types = new Set((await auditOf('limit=500')).map(({ type }) => type));
    for (const type of [
      ...['user.created', 'user.deactivated', 'user.activated', 'user.deleted'],
      ...['group.created', 'group.updated', 'group.member_added', 'group.member_removed'],
      ...['group.deleted', 'role.created', 'role.updated', 'role.deleted', 'grant.created'],
      ...['grant.updated', 'grant.deleted', 'cluster.added', 'cluster.updated', 'cluster.removed'],
      ...['join_token.created', 'join_token.revoked', 'token.created', 'token.revoked'],
    ])
      expect(types).toContain(type);
    const [event] = await auditOf('type=role.deleted');
    expect(event).toMatchObject({
      actor: { kind: 'token', name: 'token/first-admin' },
      requestId: expect.any(String),
      revision: expect.any(Number),
      object: { kind: 'Role', name: 't-role' },
    });
  });

  test('is filtered, paged, and tells of a type that does not exist', async () => {
    const mine = await auditOf('user=t-1&type=user.*');
    expect(mine.map(({ type }) => type)).toContain('user.deactivated');
    expect(mine.every(({ type }) => type.startsWith('user.'))).toBe(true);
    const page = await central.get('/audit/events?limit=2');
    const next = await central.get(
      `/audit/events?limit=2&continue=${encodeURIComponent(page.body.metadata.continue)}`,
    );
    expect(next.body.items[0].id).not.toBe(page.body.items[1].id);
    expect(await central.get('/audit/events?type=user.creatd')).toMatchObject({
      status: 422,
      body: { hint: 'Did you mean user.created?' },
    });
  });
});

describe('openapi.json', () => {
  test('describes every route, with its permission', async () => {
    const { body } = await central.get('/openapi.json', { token: '' });
    const operations = Object.values(
      body.paths as Record<string, Record<string, Reply['body']>>,
    ).flatMap((path) => Object.values(path));
    expect(operations.length).toBeGreaterThan(30);
    expect(operations.every((each) => typeof each['x-permission'] === 'string')).toBe(true);
  });
});
