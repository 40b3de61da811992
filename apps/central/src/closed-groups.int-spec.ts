import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TokenRole } from '@ambit/contracts';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, role, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const tokens: Record<TokenRole, string> = { admin: '', sync: '', viewer: '' };

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  for (const name of ['admin', 'sync', 'viewer'] as const) {
    const made = await central.call('POST', '/tokens', { body: { name: `a-${name}`, role: name } });
    tokens[name] = made.body.token;
  }
  await central.apply(
    cluster('c1'),
    user('ada'),
    user('mallory'),
    role('reader', { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }),
    role('secret-reader', {
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    }),
    role('of-the-owner', { clusterRole: 'of-the-owner' }),
    role('root', { clusterRole: 'cluster-admin' }),
  );
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

let groups = 0;

/** A group with ada in it, and a grant of the role if one is named. */
async function made(given: {
  role?: string;
  closedTo?: readonly string[];
  byTeam?: true;
}): Promise<string> {
  const name = `g${++groups}`;
  const { closedTo, byTeam } = given;
  const holder = byTeam === undefined ? { group: name } : { team: `team-${name}` };
  const spec = { members: ['ada'], ...(closedTo === undefined ? {} : { closedTo }) };
  const held =
    given.role === undefined
      ? []
      : [grant(`grant-${name}`, [holder], ['c1'], { role: given.role })];
  const teams =
    byTeam === undefined
      ? []
      : [document('Team', `team-${name}`, { members: [{ user: 'ada' }, { group: name }] })];
  await central.apply(document('Group', name, spec), ...teams, ...held);
  return name;
}

const body = (name: string, spec: object, labels = {}): object => ({
  ...document('Group', name, spec),
  metadata: { name, labels },
});

/** Every way in which a group can be changed. */
const ways: Readonly<
  Record<string, (name: string) => [method: string, path: string, sent?: object]>
> = {
  'PUT with another member': (name) => [
    'PUT',
    `/groups/${name}`,
    body(name, { members: ['mallory'] }),
  ],
  'PUT with another label': (name) => ['PUT', `/groups/${name}`, body(name, {}, { a: 'b' })],
  'POST members that adds': (name) => ['POST', `/groups/${name}/members`, { add: ['mallory'] }],
  'POST members that removes': (name) => ['POST', `/groups/${name}/members`, { remove: ['ada'] }],
  'PUT members': (name) => ['PUT', `/groups/${name}/members`, { members: ['mallory'] }],
  apply: (name) => ['POST', '/apply', { objects: [body(name, { members: ['mallory'] })] }],
  DELETE: (name) => ['DELETE', `/groups/${name}`],
};

function change(way: string, name: string, as: TokenRole, query = ''): Promise<Reply> {
  const [method, path, sent] = ways[way]?.(name) ?? ['GET', '/'];
  const given = method === 'POST' && path === '/apply' ? path : `${path}${query}`;
  return central.call(method, given, {
    token: tokens[as],
    ...(sent === undefined ? {} : { body: sent }),
  });
}

const membersOf = async (name: string): Promise<string[]> =>
  (await central.get(`/groups/${name}`)).body.spec.members;

const closed = [
  ['closed by its spec', { closedTo: ['sync'] }, 'spec.closedTo'],
  ['with a grant of admin', { role: 'admin' }, 'admin'],
  ['with a grant of edit', { role: 'edit' }, 'edit'],
  ['with a grant of cluster-admin', { role: 'root' }, 'may do everything'],
  ['with a grant of a role that reads secrets', { role: 'secret-reader' }, 'reads secrets'],
  ['in a team with a grant of admin', { role: 'admin', byTeam: true }, 'admin'],
  ['with a grant of a ClusterRole nobody knows', { role: 'of-the-owner' }, 'no cluster has told'],
] as const;

const opened = [
  ['without a grant', {}],
  ['with a grant of view', { role: 'view' }],
  ['in a team with a grant of view', { role: 'view', byTeam: true }],
  ['with a grant of a harmless role', { role: 'reader' }],
  ['opened by its spec', { role: 'root', closedTo: [] }],
] as const;

describe.each(Object.keys(ways))('%s', (way) => {
  test.each(closed)('is refused to sync for a group %s, and told why', async (_, given, why) => {
    const name = await made(given);
    const before = (await central.get(`/groups/${name}`)).body;
    for (const query of ['', '?dryRun=All']) {
      const { status, body: told } = await change(way, name, 'sync', query);
      expect({ way, status }).toEqual({ way, status: 403 });
      if (way === 'apply') continue;
      expect(told).toMatchObject({ code: 'group_closed', details: { group: name, role: 'sync' } });
      expect(told.detail).toContain(name);
      expect(told.why).toContain(why);
      expect(told.hint).toContain('admin');
    }
    expect((await central.get(`/groups/${name}`)).body).toEqual(before);
  });

  test.each(opened)('is open to sync for a group %s', async (_, given) => {
    const { status } = await change(way, await made(given), 'sync');
    expect({ way, status }).toEqual({ way, status: way === 'apply' ? 403 : 200 });
  });

  test('is open to an admin and to no viewer, closed or not', async () => {
    for (const [, given] of closed) {
      expect((await change(way, await made(given), 'viewer')).status).toBe(403);
      expect((await change(way, await made(given), 'admin')).status).toBe(200);
    }
  });
});

describe('a group that is closed', () => {
  test('takes what changes nothing, and opens and closes as its grants come and go', async () => {
    const name = await made({});
    const add = { token: tokens.sync, body: { add: ['mallory'] } };
    const put = { token: tokens.sync, body: body(name, { members: ['ada', 'mallory'] }) };
    expect((await central.call('POST', `/groups/${name}/members`, add)).status).toBe(200);
    await central.apply(grant(`grant-${name}`, [{ group: name }], ['c1'], { role: 'admin' }));
    expect((await central.call('POST', `/groups/${name}/members`, add)).status).toBe(200);
    expect((await central.call('PUT', `/groups/${name}`, put)).status).toBe(200);
    expect((await change('POST members that removes', name, 'sync')).status).toBe(403);
    await central.call('DELETE', `/grants/grant-${name}`);
    expect((await change('POST members that removes', name, 'sync')).status).toBe(200);
  });

  test('is not opened by a token of the role sync, nor closed by one', async () => {
    const shut = await made({ closedTo: ['sync'] });
    const wide = await made({});
    for (const [name, closedTo] of [
      [shut, []],
      [wide, ['sync']],
      [wide, []],
      ['brand-new', []],
    ] as const) {
      const sent = body(name, { members: ['mallory'], closedTo });
      const reply = await central.call('PUT', `/groups/${name}`, {
        token: tokens.sync,
        body: sent,
      });
      expect(reply).toMatchObject({ status: 403, body: { code: 'group_closed' } });
    }
    expect(await membersOf(shut)).toEqual(['ada']);
  });

  test('keeps closedTo when a document leaves it out, and prints it as it was given', async () => {
    const name = await made({ closedTo: ['sync'] });
    await central.apply(body(name, { displayName: 'Operators' }));
    const { spec } = (await central.get(`/groups/${name}`)).body;
    expect(spec).toMatchObject({ closedTo: ['sync'], displayName: 'Operators' });
    await central.apply(body(name, { closedTo: [] }));
    expect((await central.get(`/groups/${name}`)).body.spec.closedTo).toEqual([]);
    const plain = await made({});
    expect((await central.get(`/groups/${plain}`)).body.spec).not.toHaveProperty('closedTo');
  });

  test('is not entered again by a locked member whom sync makes active', async () => {
    const name = await made({ role: 'admin' });
    await central.apply(user('lou'), body(name, { members: ['ada', 'lou'] }));
    const put = (token: string, active: boolean): Promise<Reply> =>
      central.call('PUT', '/users/lou', { token, body: user('lou', { active }) });
    expect((await put(tokens.sync, false)).status).toBe(200);
    expect(await put(tokens.sync, true)).toMatchObject({
      status: 403,
      body: { code: 'group_closed', details: { group: name } },
    });
    expect((await put(tokens.admin, true)).status).toBe(200);
  });

  test('is left by a member whom sync deletes: access always ends', async () => {
    const name = await made({ role: 'admin' });
    await central.apply(user('leaver'), body(name, { members: ['ada', 'leaver'] }));
    expect((await central.call('DELETE', '/users/leaver', { token: tokens.sync })).status).toBe(
      200,
    );
    expect(await membersOf(name)).toEqual(['ada']);
  });

  test('a person who holds a grant to take care of directly is not made active by sync', async () => {
    await central.apply(
      user('root-holder', { active: false }),
      grant('direct', [{ user: 'root-holder' }], ['c1'], { role: 'admin' }),
    );
    const reply = await central.call('PUT', '/users/root-holder', {
      token: tokens.sync,
      body: user('root-holder'),
    });
    expect(reply).toMatchObject({ status: 403, body: { code: 'group_closed' } });
  });

  test.each([
    ['admin', 403],
    ['view', 200],
  ])('nor one whom a team with a grant of %s names: %s', async (held, status) => {
    const [name, named] = [`teamed-${held}`, `team-of-${held}`];
    await central.apply(
      user(name, { active: false }),
      document('Team', named, { members: [{ user: 'ada' }, { user: name }] }),
      grant(`to-${named}`, [{ team: named }], ['c1'], { role: held }),
    );
    const put = { token: tokens.sync, body: user(name) };
    const reply = await central.call('PUT', `/users/${name}`, put);
    expect([reply.status, reply.body.code]).toEqual([
      status,
      status === 200 ? undefined : 'group_closed',
    ]);
  });
});

describe('a token that syncs people', () => {
  const many = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

  test('takes no more than a quarter of a group away, in however many calls, and cannot confirm', async () => {
    const names = many('m', 60);
    await central.apply(...names.map((name) => user(name)));
    await central.apply(document('Group', 'wide', { members: names }));
    const remove = (name: string, as: TokenRole = 'sync', query = ''): Promise<Reply> =>
      central.call('POST', `/groups/wide/members${query}`, {
        token: tokens[as],
        body: { remove: [name] },
      });
    const statuses: number[] = [];
    for (const name of names.slice(0, 30)) statuses.push((await remove(name)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    const stopped = await remove('m-59', 'sync', `?confirmRemovals=${'a'.repeat(32)}`);
    expect(stopped).toMatchObject({ status: 409, body: { code: 'confirmation_required' } });
    expect(stopped.body.hint).toContain('admin');
    const emptied = await central.call('PUT', '/groups/wide/members', {
      token: tokens.sync,
      body: { members: [] },
    });
    expect(emptied.status).toBe(409);
    expect((await central.call('DELETE', '/groups/wide', { token: tokens.sync })).status).toBe(409);
    expect((await remove('m-59', 'admin')).status).toBe(200);
    expect(await membersOf('wide')).toHaveLength(39);
    await db.database.query('DELETE FROM sync_removals');
  });

  test.each(['deletes', 'locks'])(
    'stops when it %s more than a quarter of all people',
    async (how) => {
      const { body: all } = await central.get('/users?limit=500');
      const names = many(how, 40);
      await central.apply(...names.map((name) => user(name)));
      const people = all.items.length + names.length;
      expect(people * 0.25).toBeLessThan(40);
      const gone: number[] = [];
      for (const name of names) {
        const put = { token: tokens.sync, body: user(name, { active: false }) };
        const reply =
          how === 'locks'
            ? await central.call('PUT', `/users/${name}`, put)
            : await central.call('DELETE', `/users/${name}`, { token: tokens.sync });
        gone.push(reply.status);
      }
      expect(gone).toContain(409);
      expect(gone.filter((status) => status === 200).length).toBeLessThanOrEqual(
        Math.max(20, people * 0.25),
      );
      expect(await central.metric('ambit_removal_guard_trips_total')).toBeGreaterThan(0);
      await db.database.query('DELETE FROM sync_removals');
    },
  );

  test('takes no more away after it brought many others, and may take those away again', async () => {
    const names = many('real', 30);
    const fakes = many('fake', 150);
    await central.apply(...names.map((name) => user(name)));
    await central.apply(document('Group', 'padded', { members: names }));
    const sync = (method: string, path: string, body?: object): Promise<Reply> =>
      central.call(method, path, { token: tokens.sync, body });
    for (const name of fakes) await sync('PUT', `/users/${name}`, user(name));
    const members = '/groups/padded/members';
    expect((await sync('POST', members, { add: fakes })).status).toBe(200);
    expect((await sync('POST', members, { remove: names.slice(0, 21) })).status).toBe(409);
    expect((await sync('POST', members, { remove: fakes })).status).toBe(200);
    const { body: all } = await central.get('/users?limit=500');
    const people = all.items.filter(
      ({ spec }: { spec: { active: boolean } }) => spec.active,
    ).length;
    const most = Math.max(20, (people - fakes.length) * 0.25);
    const gone = [];
    for (const name of [...names, ...many('m', 60)])
      gone.push((await sync('DELETE', `/users/${name}`)).status);
    expect(gone.filter((status) => status === 200).length).toBeLessThanOrEqual(most);
    for (const name of fakes) expect((await sync('DELETE', `/users/${name}`)).status).toBe(200);
    await db.database.query('DELETE FROM sync_removals');
  });

  test('is stopped by the removal guard of bindings too, and its digest confirms nothing', async () => {
    const names = many('b', 15);
    await central.apply(
      ...names.map((name) => user(name)),
      document('Group', 'lone', { members: names }),
      grant('lone-view', [{ group: 'lone' }], ['c1'], { role: 'view' }),
      grant('lone-reader', [{ group: 'lone' }], ['c1'], { role: 'reader' }),
    );
    const dry = await central.call('DELETE', '/groups/lone?dryRun=All');
    const digest = dry.body.removalGuard?.digest;
    expect(digest).toBeDefined();
    const reply = await central.call('DELETE', `/groups/lone?confirmRemovals=${digest}`, {
      token: tokens.sync,
    });
    expect(reply).toMatchObject({ status: 409, body: { code: 'confirmation_required' } });
    expect(reply.body.hint).toContain('admin');
    expect((await central.call('DELETE', `/groups/lone?confirmRemovals=${digest}`)).status).toBe(
      200,
    );
  });
});
