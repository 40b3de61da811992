import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, group, signIn, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { TestSignIns } from './identities.test-support.ts';
import { directoryPeople, patch, TestDirectory, tokenOf } from './scim.test-support.ts';
import { StatementCount } from './statement-count.test-support.ts';

let db: TestDatabase;
let count: StatementCount;
let central: TestCentral;
let corp: TestDirectory;
let signIns: TestSignIns;
let made = 0;

beforeAll(async () => {
  db = await testDatabase();
  const counted = await StatementCount.before(db.url);
  count = counted.count;
  central = await TestCentral.start(counted.url);
  corp = await TestDirectory.of(central, 'corp');
  signIns = await TestSignIns.on(db);
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  count.close();
  await db.close();
});

const next = (): string => `b${++made}@corp.example`;
const change = (id: string, value: object, of = corp): Promise<Reply> =>
  of.call('PATCH', `/Users/${id}`, { body: patch({ op: 'replace', value }) });
const userOf = async (name: string): Promise<Reply['body']> =>
  (await central.get(`/users/${encodeURIComponent(name)}`)).body;
const refusal = (status: number, scimType: string): object => ({ status, body: { scimType } });

const people = (of: TestDirectory, prefix: string, many: number): Promise<string[]> =>
  directoryPeople(db, of, prefix, many);

describe('who may speak for a directory', () => {
  test('nobody without a token, nobody with another, and nobody once the provider says so', async () => {
    expect(await corp.get('/Users', { token: '' })).toMatchObject({
      status: 401,
      body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' },
    });
    expect((await corp.get('/Users', { token: 'amb_x' })).status).toBe(401);
    expect((await corp.get('/Users', { token: central.token })).status).toBe(403);
    await central.apply(
      document('ServiceIdentity', 'plain', {}),
      document('Delegation', 'plain', { subjects: [{ service: 'plain' }], role: 'directory' }),
    );
    const token = await tokenOf(central, 'plain', 'first');
    expect((await corp.get('/Users', { token })).status).toBe(403);
    expect((await corp.call('POST', '/Users', { token, body: { userName: next() } })).status).toBe(
      403,
    );
  });

  test('two tokens are good while one follows the other', async () => {
    const second = await tokenOf(central, 'corp-scim', 'second');
    expect((await corp.get('/Users', { token: second })).status).toBe(200);
    expect((await corp.get('/Users')).status).toBe(200);
    await central.call('DELETE', '/services/corp-scim/tokens/first');
    expect((await corp.get('/Users')).status).toBe(401);
    corp.token = second;
    expect((await corp.get('/Users')).status).toBe(200);
  });
});

describe('people', () => {
  test('a rename keeps who it is, and ends what runs under the former name', async () => {
    const [before, after] = [next(), next()];
    const { id } = await corp.user(before);
    const { token } = await signIn(signIns.policy, before);
    expect(await change(id, { userName: after })).toMatchObject({ status: 200, body: { id } });
    expect((await userOf(after)).metadata.uid).toBe(id);
    expect((await userOf(before)).code).toBe('not_found');
    expect((await central.get('/me', { token })).status).toBe(401);
  });

  test('two people whose names are swapped stay who they are', async () => {
    const [a, b] = [next(), next()];
    const one = await corp.user(a);
    const two = await corp.user(b);
    expect(await change(one.id, { userName: b })).toMatchObject(refusal(409, 'uniqueness'));
    expect(await change(two.id, { userName: a })).toMatchObject(refusal(409, 'uniqueness'));
    expect([(await userOf(a)).metadata.uid, (await userOf(b)).metadata.uid]).toEqual([
      one.id,
      two.id,
    ]);
    await change(one.id, { userName: next() });
    await change(two.id, { userName: a });
    expect((await userOf(a)).metadata.uid).toBe(two.id);
  });

  test('an address that is used again is another person', async () => {
    const name = next();
    const first = await corp.user(name, { externalId: `1-${name}` });
    await corp.call('DELETE', `/Users/${first.id}`);
    const second = await corp.user(name, { externalId: `2-${name}` });
    expect(second.id).not.toBe(first.id);
  });

  test('a User that is there is taken over in the domains of the provider alone, and never with rights in Ambit', async () => {
    const [mine, boss] = [next(), next()];
    await central.apply(user(mine), user(boss), user('x@elsewhere.example'));
    await central.apply(
      document('Delegation', 'boss', { subjects: [{ user: boss }], role: 'admin' }),
    );
    expect((await corp.user(mine)).id).toBe((await userOf(mine)).metadata.uid);
    const foreign = await corp.call('POST', '/Users', {
      body: { userName: 'x@elsewhere.example' },
    });
    expect(foreign).toMatchObject(refusal(409, 'uniqueness'));
    const taken = await corp.call('POST', '/Users', { body: { userName: boss } });
    expect(taken.status).toBe(403);
    expect(taken.body.detail).toContain('Delegation boss');
  });

  test('whom an administrator locked no directory lets in', async () => {
    const name = next();
    const { id } = await corp.user(name);
    await central.apply(user(name, { active: false }));
    await change(id, { active: true, title: 'x' });
    expect((await userOf(name)).spec.active).toBe(false);
    await change(id, { active: false });
    await change(id, { active: true });
    expect((await userOf(name)).spec.active).toBe(false);
  });

  test('what changes nothing writes no row and makes no revision', async () => {
    const { id } = await corp.user(next(), { title: 'x', emails: [{ value: 'a', type: 'work' }] });
    const team = await corp.group(`same-${++made}`, [id]);
    const whole = (await corp.get(`/Users/${id}`)).body;
    const state = async (): Promise<unknown> => [
      (await db.database.query('SELECT revision FROM policy_head'))[0],
      (
        await db.database.query('SELECT xmin, version FROM directory_users WHERE user_uid = $1', [
          id,
        ])
      )[0],
      (await db.database.query('SELECT xmin FROM users WHERE uid = $1', [id]))[0],
      (await db.database.query('SELECT count(*) FROM audit_events'))[0],
    ];
    const before = await state();
    expect((await corp.call('PUT', `/Users/${id}`, { body: whole })).status).toBe(200);
    expect((await change(id, { active: 'True', title: 'x' })).status).toBe(200);
    const again = patch({ op: 'Add', path: 'members', value: [{ value: id }] });
    expect((await corp.call('PATCH', `/Groups/${team.id}`, { body: again })).status).toBe(204);
    expect(await state()).toEqual(before);
  });
});

describe('memberships', () => {
  test('no source takes what another gives', async () => {
    const name = next();
    const { id } = await corp.user(name);
    const shared = `shared-${++made}`;
    await central.apply(group(shared, [name]));
    const { id: groupId } = await corp.group(shared, [id]);
    await corp.call('PATCH', `/Groups/${groupId}`, {
      body: patch({ op: 'replace', path: 'members', value: [] }),
    });
    expect((await userOf(name)).status.groups).toEqual([shared]);
    await corp.call('PATCH', `/Groups/${groupId}`, {
      body: patch({ op: 'add', path: 'members', value: [{ value: id }] }),
    });
    await central.apply(group(shared, []));
    expect((await userOf(name)).status.groups).toEqual([shared]);
    expect((await corp.call('DELETE', `/Groups/${groupId}`)).status).toBe(204);
    expect((await userOf(name)).status.groups).toEqual([]);
    expect((await central.get(`/groups/${shared}`)).status).toBe(200);
  });

  test('a group that gives rights in Ambit takes nobody', async () => {
    const { id } = await corp.user(next());
    await central.apply(group('bosses', []));
    await central.apply(
      document('Delegation', 'bosses', { subjects: [{ group: 'bosses' }], role: 'auditor' }),
    );
    const body = { displayName: 'Bosses', members: [{ value: id }] };
    expect((await corp.call('POST', '/Groups', { body })).status).toBe(403);
    expect((await central.get('/groups/bosses')).body.spec.members).toEqual([]);
  });

  test('10,000 members come in a number of statements that does not grow', async () => {
    const big = await TestDirectory.of(central, 'big');
    const ids = await people(big, 'big', 10_000);
    const few = await big.group('few', ids.slice(0, 1));
    const many = await big.group('many', []);
    const add = async (id: string, uids: readonly string[]): Promise<number> => {
      const before = count.statements;
      const value = uids.map((uid) => ({ value: uid, display: uid, $ref: null }));
      const body = patch({ op: 'add', path: 'members', value });
      expect((await big.call('PATCH', `/Groups/${id}`, { body })).status).toBe(204);
      return count.statements - before;
    };
    const ofFew = await add(few.id, ids.slice(1, 3));
    expect(await add(many.id, ids)).toBeLessThan(ofFew + 40);
    expect((await big.get(`/Groups/${many.id}`)).body.members).toHaveLength(10_000);
  });

  test('S15: 10,000 people are read in pages, each once, also while some come', async () => {
    const paged = await TestDirectory.of(central, 'paged');
    await people(paged, 'paged', 10_000);
    const seen: string[] = [];
    for (let startIndex = 1; startIndex <= 10_000; startIndex += 1_000) {
      const { body } = await paged.get(
        `/Users?startIndex=${startIndex}&count=5000&attributes=userName`,
      );
      expect(body).toMatchObject({ startIndex, itemsPerPage: 1_000 });
      seen.push(...body.Resources.map(({ id }: { id: string }) => id));
      await paged.user(next());
    }
    expect(new Set(seen).size).toBe(10_000);
    const { body } = await paged.get('/Users?startIndex=0&count=0');
    expect(body).toMatchObject({ totalResults: 10_010, startIndex: 1, Resources: [] });
    expect((await paged.get('/Users?startIndex=99999')).body.Resources).toEqual([]);
    expect((await paged.get('/Users?count=many')).status).toBe(400);
  });
});

describe('what is no request', () => {
  test.each([
    ['a filter that never ends', `userName eq "${'\n'.repeat(40)}`],
    ['a filter of statements', `userName eq "x" or 1=1; DROP TABLE users`],
    ['a column of ours', 'made_here eq true'],
    ['__proto__', '__proto__ eq "x"'],
    ['a thousand parentheses', `${'('.repeat(1_000)}userName pr${')'.repeat(1_000)}`],
    ['half a comparison', 'userName eq'],
    ['a time that is none', 'meta.created gt "yesterday"'],
  ])('%s is refused', async (_what, filter) => {
    const found = await corp.get(`/Users?filter=${encodeURIComponent(filter)}`);
    expect(found).toMatchObject(refusal(400, 'invalidFilter'));
  });

  test('quotes and percent signs are only text', async () => {
    for (const text of [`x' OR '1'='1`, '%', '_', 'a\\"b'])
      expect(
        (await corp.get(`/Users?filter=${encodeURIComponent(`userName eq "${text}"`)}`)).body,
      ).toMatchObject({ totalResults: 0 });
  });

  test.each([
    ['no object', '[]'],
    ['no JSON', '{'],
    ['nothing', ''],
    ['no userName', '{}'],
    ['null for a userName', '{"userName": null}'],
    ['a userName of another script', '{"userName": "alicе@corp.example"}'],
    ['a name of Kubernetes', '{"userName": "system:masters"}'],
    ['NUL', '{"userName": "nul@corp.example", "title": "a\\u0000b"}'],
    ['text that turns around', '{"userName": "bidi@corp.example", "displayName": "a\\u202eb"}'],
    ['half a character', '{"userName": "half@corp.example", "title": "\\ud800"}'],
    ['an object for a text', '{"userName": {"$ne": 1}}'],
  ])('a person of %s is refused', async (_what, body) => {
    expect((await corp.call('POST', '/Users', { body })).status).toBe(400);
  });

  test('a PATCH of nothing but nulls changes nothing, and none reaches what objects are made of', async () => {
    const { id } = await corp.user(next(), { active: true });
    const nulls = await change(id, { active: null, displayName: null, name: null, emails: null });
    expect(nulls).toMatchObject({ status: 200, body: { active: true } });
    expect(await change(id, { userName: null })).toMatchObject(refusal(400, 'invalidValue'));
    const value = JSON.parse('{"__proto__.polluted": "x", "constructor.prototype.polluted": "x"}');
    await corp.call('PATCH', `/Users/${id}`, {
      body: patch({ op: 'replace', path: 'name', value }, { op: 'add', value }),
    });
    expect({}).not.toHaveProperty('polluted');
    for (const Operations of [undefined, [], 'x', [null], [{}], [{ op: 'add' }]])
      expect((await corp.call('PATCH', `/Users/${id}`, { body: { Operations } })).status).toBe(400);
  });
});

describe('the removal guard of a directory', () => {
  test('everybody is locked: it stops, says so once, and goes on when an administrator has looked', async () => {
    const mass = await TestDirectory.of(central, 'mass');
    const ids: string[] = [];
    for (let each = 0; each < 24; each++) ids.push((await mass.user(next())).id);
    const off = async (): Promise<Reply[]> => {
      const replies: Reply[] = [];
      for (const id of ids) replies.push(await change(id, { active: false }, mass));
      return replies;
    };
    const replies = await off();
    expect(replies.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 20 }, () => 200),
      ...Array.from({ length: 4 }, () => 409),
    ]);
    expect(replies.at(-1)?.body.detail).toContain('ambit directory resume mass');
    expect((await mass.call('DELETE', `/Users/${ids.at(-1)}`)).status).toBe(409);
    expect((await mass.user(next())).active).toBe(true);
    const { body: events } = await central.get('/audit/events?type=directory.guard_tripped');
    expect(events.items).toHaveLength(1);
    expect((await central.get('/directories/mass')).body).toMatchObject({
      state: 'stopped',
      users: 25,
      activeUsers: 5,
      lastError: expect.stringContaining('409: mass would have taken 21 of its 24 people'),
    });
    expect((await central.call('POST', '/directories/mass/resume')).body).toMatchObject({
      state: 'running',
      resumedUntil: expect.any(String),
    });
    expect((await off()).map(({ status }) => status)).toEqual(ids.map(() => 200));
    expect((await central.get('/directories/mass')).body.activeUsers).toBe(1);
  });

  test('a group that is emptied stops it too', async () => {
    const cut = await TestDirectory.of(central, 'cut');
    const ids = await people(cut, 'cut', 30);
    const { id } = await cut.group('emptied', ids);
    const body = patch({ op: 'replace', path: 'members', value: [] });
    expect((await cut.call('PATCH', `/Groups/${id}`, { body })).status).toBe(409);
    expect((await cut.call('DELETE', `/Groups/${id}`)).status).toBe(409);
    expect((await cut.get(`/Groups/${id}`)).body.members).toHaveLength(30);
  });

  test('a few members of each of many groups are a large part of all memberships, by whatever calls', async () => {
    const many = await TestDirectory.of(central, 'many');
    const ids = await people(many, 'many', 3);
    const groups: string[] = [];
    for (let each = 0; each < 14; each++) groups.push((await many.group(`many-${each}`, ids)).id);
    const take = async (id: string, members: readonly string[], way: 'PATCH' | 'PUT') => {
      const value = members.map((member) => ({ value: member }));
      const { body: read } = await many.get(`/Groups/${id}`);
      const body =
        way === 'PATCH'
          ? patch({ op: 'replace', path: 'members', value })
          : { ...read, members: value };
      return (await many.call(way, `/Groups/${id}`, { body })).status;
    };
    const statuses: number[] = [];
    // Two of three members of each group: of no group more than twenty, of all 42 memberships 22 by the eleventh call.
    for (const [at, id] of groups.entries())
      statuses.push(await take(id, ids.slice(0, 1), at % 2 === 0 ? 'PATCH' : 'PUT'));
    expect(statuses.map((status) => (status < 300 ? 'done' : status))).toEqual([
      ...Array.from({ length: 10 }, () => 'done'),
      ...Array.from({ length: 4 }, () => 409),
    ]);
    expect((await central.get('/directories/many')).body).toMatchObject({
      state: 'stopped',
      lastError: expect.stringContaining('would have taken 22 of its 42 memberships away'),
    });
    // Whoever comes back is no longer counted, and comes in whatever was stopped.
    expect(await take(groups[0] ?? '', ids, 'PUT')).toBe(200);
  });

  test('nobody but an administrator lets it go on, and there is no other directory', async () => {
    const token = corp.token;
    const resumed = await central.call('POST', '/directories/corp/resume', { token });
    expect(resumed.status).toBe(403);
    expect((await central.get('/directories/none')).status).toBe(404);
    expect((await central.get('/directories')).body.items.length).toBeGreaterThan(3);
  });
});
