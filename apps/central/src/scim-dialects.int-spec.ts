import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, signIn, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { TestSignIns } from './identities.test-support.ts';
import { patch, recorded, TestDirectory } from './scim.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let corp: TestDirectory;
let signIns: TestSignIns;
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  corp = await TestDirectory.of(central, 'corp');
  signIns = await TestSignIns.on(db);
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  await db.close();
});

const next = (): string => `d${++count}@corp.example`;
const change = (id: string, ...operations: readonly object[]): Promise<Reply> =>
  corp.call('PATCH', `/Users/${id}`, { body: patch(...operations) });
const changeGroup = (id: string, ...operations: readonly object[]): Promise<Reply> =>
  corp.call('PATCH', `/Groups/${id}`, { body: patch(...operations) });
const membersOf = async (id: string): Promise<string[]> =>
  (await corp.get(`/Groups/${id}`)).body.members.map(({ value }: { value: string }) => value);
const refusal = (status: number, scimType: string): object => ({
  status,
  body: {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    scimType,
    detail: expect.any(String),
  },
});

describe('SCIM, users', () => {
  test('Entra makes a person, changes them and locks them', async () => {
    const made = await corp.call('POST', '/Users', { body: await recorded('entra-create-user') });
    expect(made).toMatchObject({
      status: 201,
      body: {
        userName: 'Test_User_ab6490ee@corp.example',
        externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
        active: true,
        meta: { resourceType: 'User', version: 'W/"1"' },
      },
    });
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`${central.running.restUrl}/scim/v2/Users/${id}`);
    expect((await central.get('/users/test_user_ab6490ee@corp.example')).body).toMatchObject({
      metadata: { uid: id },
      spec: { displayName: 'lennay', active: true },
    });
    const body = await recorded('entra-update-user');
    expect(await corp.call('PATCH', `/Users/${id}`, { body })).toMatchObject({
      status: 200,
      body: {
        emails: [
          { primary: true, type: 'work', value: 'updatedEmail@corp.example' },
          { type: 'home', value: 'home@corp.example' },
        ],
        name: { familyName: 'updatedFamilyName', givenName: 'givenName' },
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
          department: 'risk',
          employeeNumber: '4711',
          manager: { value: '7f1bd4a2' },
        },
      },
    });
    const off = await recorded('entra-disable-user');
    expect(await corp.call('PATCH', `/Users/${id}`, { body: off })).toMatchObject({
      status: 200,
      body: { active: false },
    });
    expect((await central.get('/users/test_user_ab6490ee@corp.example')).body.spec.active).toBe(
      false,
    );
  });

  test('Okta makes a person and takes their access; a password is kept nowhere', async () => {
    const made = await corp.call('POST', '/Users', { body: await recorded('okta-create-user') });
    expect(made).toMatchObject({ status: 201, body: { displayName: 'Okta User' } });
    const [{ attributes }] = (await db.database.query<{ attributes: object }>(
      'SELECT attributes FROM directory_users WHERE user_uid = $1',
      [made.body.id],
    )) as [{ attributes: object }];
    expect(JSON.stringify(attributes)).not.toContain('1mz050nq');
    const body = await recorded('okta-deactivate-user');
    const off = await corp.call('PATCH', `/Users/${made.body.id}`, { body });
    expect(off).toMatchObject({ status: 200, body: { active: false } });
  });

  test('S1: ops are written with capitals', async () => {
    const { id } = await corp.user(next(), { title: 'a' });
    expect((await change(id, { op: 'Replace', path: 'title', value: 'b' })).body.title).toBe('b');
    expect((await change(id, { op: 'Remove', path: 'title' })).body).not.toHaveProperty('title');
    expect((await change(id, { op: 'Add', path: 'title', value: 'c' })).body.title).toBe('c');
    expect(await change(id, { op: 'Move', path: 'title', value: 'd' })).toMatchObject(
      refusal(400, 'invalidSyntax'),
    );
  });

  test('S2: booleans come as texts', async () => {
    const { id } = await corp.user(next(), { active: 'True' });
    const off = await change(id, { op: 'replace', path: 'active', value: 'False' });
    expect(off.body.active).toBe(false);
    const on = await change(id, { op: 'replace', value: { active: 'True' } });
    expect(on.body.active).toBe(true);
    const odd = await change(id, { op: 'replace', path: 'active', value: 'no' });
    expect(odd).toMatchObject(refusal(400, 'invalidValue'));
  });

  test('S7: Okta patches without a path', async () => {
    const { id } = await corp.user(next(), { displayName: 'x' });
    const both = await change(id, {
      op: 'replace',
      value: { id, displayName: 'y', active: false },
    });
    expect(both.body).toMatchObject({ id, displayName: 'y', active: false });
  });

  test('S8: dotted names and URNs are keys of what has no path', async () => {
    const { id } = await corp.user(next(), { name: { familyName: 'F' } });
    const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
    const value = { 'name.givenName': 'G', [`${urn}:department`]: 'pay', [urn]: { division: 'd' } };
    expect((await change(id, { op: 'replace', value })).body).toMatchObject({
      name: { givenName: 'G', familyName: 'F' },
      [urn]: { department: 'pay', division: 'd' },
    });
  });

  test.each(['Add', 'replace'])('S9: %s to a chosen address makes it', async (op) => {
    const { id } = await corp.user(next());
    const value = 'w@corp.example';
    const path = 'emails[type eq "work"].value';
    expect((await change(id, { op, path, value })).body.emails).toEqual([{ type: 'work', value }]);
  });

  test('S10: names of attributes are of any case', async () => {
    const { id } = await corp.user(next(), { DisplayName: 'x' });
    const off = await change(id, { op: 'Replace', path: 'Active', value: false });
    expect(off.body).toMatchObject({ active: false, displayName: 'x' });
    const wrong = await change(id, { op: 'Replace', path: 'actve', value: false });
    expect(wrong).toMatchObject(refusal(400, 'invalidPath'));
  });

  test('S11, S12, S13: people are found by what directories look for', async () => {
    const name = next();
    const more = {
      externalId: `Ext-${name}`,
      displayName: `Shown ${name}`,
      emails: [{ value: `Mail-${name}`, type: 'work' }],
    };
    const { id } = await corp.user(name, more);
    const finds = async (filter: string): Promise<string[]> => {
      const { status, body } = await corp.get(`/Users?filter=${encodeURIComponent(filter)}`);
      expect(status).toBe(200);
      return body.Resources.map((each: { id: string }) => each.id);
    };
    for (const filter of [
      `userName eq "${name.toUpperCase()}"`,
      `USERNAME Eq "${name}"`,
      `externalId eq "Ext-${name}"`,
      `displayName eq "shown ${name}"`,
      `emails[type eq "work"].value eq "mail-${name}"`,
      `emails.value eq "mail-${name}" and active eq true`,
      `id eq "${id}" and not (active eq false)`,
      `userName sw "${name.slice(0, -3)}" and userName ew "ple"`,
      `(userName eq "nobody" or userName co "${name}") and title pr or externalId eq "Ext-${name}"`,
    ])
      expect([filter, await finds(filter)]).toEqual([filter, [id]]);
    expect(await finds(`externalId eq "ext-${name}"`)).toEqual([]);
    expect((await corp.get('/Users?filter=userName%20eq%20%22nobody%22')).body).toMatchObject({
      totalResults: 0,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: [],
    });
  });

  test('S16: the same person twice is one person, and told so', async () => {
    const name = next();
    await corp.user(name, { externalId: `x-${name}` });
    const twice = [
      { userName: name },
      { userName: name.toUpperCase(), externalId: 'another' },
      { userName: next(), externalId: `x-${name}` },
    ];
    for (const body of twice)
      expect(await corp.call('POST', '/Users', { body })).toMatchObject(refusal(409, 'uniqueness'));
  });

  test('S17: who is locked is read, and gets nothing back that was for a while', async () => {
    const name = next();
    const { id } = await corp.user(name);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await central.apply(
      cluster(`c-${id}`),
      grant(`stays-${id}`, [{ user: name }], [`c-${id}`]),
      grant(`ends-${id}`, [{ user: name }], [`c-${id}`], {
        until,
      }),
      document('Team', `t-${id}`, { members: [{ user: name }] }),
      grant(`of-the-team-${id}`, [{ team: `t-${id}` }], [`c-${id}`], { until }),
    );
    const { token } = await signIn(signIns.policy, name);
    expect((await central.get('/me', { token })).status).toBe(200);
    await change(id, { op: 'replace', value: { active: false } });
    expect((await central.get('/me', { token })).status).toBe(401);
    expect(await corp.get(`/Users/${id}`)).toMatchObject({ status: 200, body: { active: false } });
    expect((await corp.found('Users', `userName eq "${name}"`)).active).toBe(false);
    await change(id, { op: 'replace', value: { active: true } });
    expect((await central.get('/me', { token })).status).toBe(401);
    expect((await central.get(`/grants/stays-${id}`)).status).toBe(200);
    expect((await central.get(`/grants/ends-${id}`)).status).toBe(404);
    // What a team has for a while it has: whoever is in it has it with the team, and no longer.
    expect((await central.get(`/grants/of-the-team-${id}`)).body.status.state).toBe('Active');
    expect((await central.get(`/teams/t-${id}`)).body.spec.members).toEqual([{ user: name }]);
  });

  test('S18: who is deleted is gone, with every session, and comes back as somebody else', async () => {
    const name = next();
    const { id } = await corp.user(name);
    const { token } = await signIn(signIns.policy, name);
    expect(await corp.call('DELETE', `/Users/${id}`)).toMatchObject({
      status: 204,
      body: undefined,
    });
    expect((await corp.get(`/Users/${id}`)).status).toBe(404);
    expect((await corp.call('DELETE', `/Users/${id}`)).status).toBe(404);
    expect((await central.get('/me', { token })).status).toBe(401);
    expect((await central.get(`/users/${encodeURIComponent(name)}`)).status).toBe(404);
    expect((await corp.user(name)).id).not.toBe(id);
  });

  test('S19: both types of bodies are taken, and no program has to say what it is', async () => {
    const userName = next();
    const made = await corp.call('POST', '/Users', {
      body: { userName },
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': '' },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    const odd = await corp.call('POST', '/Users', {
      body: 'userName=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(odd).toMatchObject(refusal(400, 'invalidSyntax'));
  });

  test('S20: of many calls at once some wait, and are told how long', async () => {
    const { id } = await corp.user(next());
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        change(id, { op: 'replace', path: 'title', value: `t${at}` }),
      ),
    );
    const late = all.filter(({ status }) => status === 429);
    expect(late.length).toBeGreaterThan(0);
    expect(late.map(({ headers }) => headers.get('retry-after'))).toEqual(late.map(() => '1'));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 429]));
  });

  test('PUT is the whole person; what it leaves out is gone, and nobody comes back by it', async () => {
    const name = next();
    const { id } = await corp.user(name, { title: 'x', active: false });
    const put = await corp.call('PUT', `/Users/${id}`, { body: { userName: name } });
    expect(put.body).toMatchObject({ id, active: false });
    expect(put.body).not.toHaveProperty('title');
  });

  test('versions: what was changed since is not overwritten, and what is known is not sent', async () => {
    const { id, meta } = await corp.user(next());
    const at = (version: string): object => ({ headers: { 'if-match': version } });
    const body = patch({ op: 'replace', path: 'title', value: 'x' });
    const first = await corp.call('PATCH', `/Users/${id}`, { body, ...at(meta.version) });
    expect([first.status, first.headers.get('etag')]).toEqual([200, 'W/"2"']);
    const late = await corp.call('PATCH', `/Users/${id}`, { body, ...at(meta.version) });
    expect(late.status).toBe(412);
    const known = { headers: { 'if-none-match': 'W/"2"' } };
    expect((await corp.get(`/Users/${id}`, known)).status).toBe(304);
  });
});

describe('SCIM, groups', () => {
  test('Entra makes a group and moves people; a PATCH answers nothing', async () => {
    const { id: member } = await corp.user(next());
    const made = await corp.call('POST', '/Groups', { body: await recorded('entra-create-group') });
    expect(made).toMatchObject({
      status: 201,
      body: { displayName: 'Platform Engineers', members: [] },
    });
    const { id } = made.body;
    expect((await central.get('/groups/platform-engineers')).body.metadata.uid).toBe(id);
    const add = await recorded('entra-add-members', member);
    expect(await corp.call('PATCH', `/Groups/${id}`, { body: add })).toMatchObject({
      status: 204,
      body: undefined,
    });
    expect(await membersOf(id)).toEqual([member]);
    const remove = await recorded('entra-remove-members', member);
    expect((await corp.call('PATCH', `/Groups/${id}`, { body: remove })).status).toBe(204);
    expect(await membersOf(id)).toEqual([]);
  });

  test('Okta gives a group another name, and takes one member', async () => {
    const { id: member } = await corp.user(next());
    const { id } = await corp.group('Test SCIMv2', [member]);
    const body = await recorded('okta-rename-group');
    expect((await corp.call('PATCH', `/Groups/${id}`, { body })).status).toBe(204);
    expect((await corp.get(`/Groups/${id}`)).body.displayName).toBe('Test SCIMv2 renamed');
    expect((await central.get('/groups/test-scimv2')).body).toMatchObject({
      metadata: { uid: id },
      spec: { displayName: 'Test SCIMv2 renamed', members: [] },
      status: { given: [{ source: 'scim:corp' }] },
    });
    const off = await recorded('okta-remove-member', member);
    expect((await corp.call('PATCH', `/Groups/${id}`, { body: off })).status).toBe(204);
    expect(await membersOf(id)).toEqual([]);
  });

  test('S3, S4: remove takes those alone that it names', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 4; each++) ids.push((await corp.user(next())).id);
    const [a = '', b = '', c = '', d = ''] = ids;
    const { id } = await corp.group(`S3 ${next()}`.replaceAll('@', '-'), ids);
    await changeGroup(id, { op: 'Remove', path: 'members', value: [{ value: a }] });
    expect(new Set(await membersOf(id))).toEqual(new Set([b, c, d]));
    await changeGroup(id, { op: 'remove', path: `members[value eq "${b}"]` });
    expect(new Set(await membersOf(id))).toEqual(new Set([c, d]));
    const path = `members[value eq "${c}" or value eq "${d}"]`;
    await changeGroup(id, { op: 'remove', path });
    expect(await membersOf(id)).toEqual([]);
  });

  test('S5: remove of members that names nobody removes nobody', async () => {
    const { id: member } = await corp.user(next());
    const { id } = await corp.group(`s5-${++count}`, [member]);
    for (const value of [undefined, null])
      expect(await changeGroup(id, { op: 'Remove', path: 'members', value })).toMatchObject(
        refusal(400, 'noTarget'),
      );
    expect(await changeGroup(id, { op: 'Remove' })).toMatchObject(refusal(400, 'noTarget'));
    expect(await changeGroup(id, { op: 'replace', path: 'members', value: null })).toMatchObject(
      refusal(400, 'noTarget'),
    );
    expect(await membersOf(id)).toEqual([member]);
    await changeGroup(id, { op: 'replace', path: 'members', value: [] });
    expect(await membersOf(id)).toEqual([]);
  });

  test('S6: add with a $ref of null', async () => {
    const { id: member } = await corp.user(next());
    const { id } = await corp.group(`s6-${++count}`);
    const value = [{ $ref: null, value: member, display: null }];
    expect((await changeGroup(id, { op: 'Add', path: 'members', value })).status).toBe(204);
    expect(await membersOf(id)).toEqual([member]);
  });

  test('S14: excludedAttributes leaves the members out', async () => {
    const { id: member } = await corp.user(next());
    const { id } = await corp.group(`s14-${++count}`, [member]);
    const bare = await corp.get(`/Groups/${id}?excludedAttributes=Members`);
    expect(bare.body).not.toHaveProperty('members');
    const only = await corp.get(`/Groups/${id}?attributes=displayName`);
    expect(Object.keys(only.body).sort()).toEqual(['displayName', 'id', 'meta', 'schemas']);
    const filter = encodeURIComponent(`displayName eq "S14-${count}"`);
    const listed = await corp.get(`/Groups?excludedAttributes=members&filter=${filter}`);
    expect(listed.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    expect(listed.body.Resources[0]).not.toHaveProperty('members');
    const inside = encodeURIComponent(`members[value eq "${member}"]`);
    expect((await corp.get(`/Groups?filter=${inside}`)).body.totalResults).toBe(1);
  });

  test('members are people of this directory alone', async () => {
    await central.apply(user('local-only'));
    const { metadata } = (await central.get('/users/local-only')).body;
    const { id } = await corp.group(`own-${++count}`);
    const { id: other } = await corp.group(`inner-${count}`);
    for (const value of [metadata.uid, other, "x'; DROP TABLE users; --"])
      expect(
        await changeGroup(id, { op: 'add', path: 'members', value: [{ value }] }),
      ).toMatchObject(refusal(400, 'invalidValue'));
    expect(await membersOf(id)).toEqual([]);
  });
});

describe('SCIM, what the server says of itself', () => {
  test('ServiceProviderConfig, ResourceTypes and Schemas', async () => {
    const config = await corp.get('/ServiceProviderConfig');
    expect(config.body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true },
      etag: { supported: true },
    });
    const types = await corp.get('/ResourceTypes');
    expect(types.body.Resources.map(({ id }: { id: string }) => id)).toEqual(['User', 'Group']);
    const schemas = await corp.get('/Schemas');
    expect(schemas.body.totalResults).toBe(3);
    for (const { id, meta } of schemas.body.Resources) {
      expect((await corp.get(`/Schemas/${id}`)).body).toMatchObject({ id });
      expect(meta.location).toContain(id);
    }
    expect((await corp.get('/Schemas/urn:x')).status).toBe(404);
    expect((await corp.get('/Bulk')).status).toBe(404);
    expect((await corp.call('POST', '/ResourceTypes', { body: {} })).status).toBe(405);
  });
});
