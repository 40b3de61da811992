import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { delegatedPermissions, delegationRoles } from '@ambit/contracts';
import type { AuditActor } from '@ambit/domain';
import type { Transaction } from '@ambit/persistence';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  grant,
  group,
  replicaFolder,
  signIn,
  TestCentral,
  testSettings,
  user,
} from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { createAdmin } from './maintenance/create-admin.ts';
import { withRights } from './features/policy/with-rights.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let one: TestCentral;
let two: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  one = await TestCentral.start(db.url);
  two = await TestCentral.start(db.url, { dataDir: await replicaFolder(one) });
  two.token = one.token;
  await one.apply(cluster('c1'));
});
afterAll(async () => {
  await two?.stop();
  await one?.stop();
  await db.close();
});

const delegation = (
  name: string,
  role: string,
  subjects: readonly object[],
  more: object = {},
): object => document('Delegation', name, { role, subjects, ...more });

let people = 0;

/** A new person who is signed in. */
async function person(): Promise<{ name: string; token: string; id: string }> {
  const name = `p${++people}`;
  await one.apply(user(name));
  return { name, ...(await signIn(policy, name)) };
}

const permissions = async (token: string, at = one): Promise<string[]> =>
  (await at.get('/me', { token })).body.permissions;

describe('a Delegation', () => {
  test.each(delegationRoles)('of %s gives what the role holds, at every replica', async (role) => {
    const { name, token } = await person();
    expect(await permissions(token)).toEqual(['self']);
    const about = role === 'team-admin' ? { team: 'looked-after' } : {};
    await one.apply(document('Team', 'looked-after', {}));
    await one.apply(delegation(`d-${name}`, role, [{ user: name }], about));
    const expected = [...new Set(['self', ...delegatedPermissions[role]])].sort();
    for (const at of [one, two]) expect((await permissions(token, at)).sort()).toEqual(expected);
    await one.call('DELETE', `/delegations/d-${name}`);
    for (const at of [one, two]) expect(await permissions(token, at)).toEqual(['self']);
  });

  test('reaches the members of a group, as long as they are members', async () => {
    const { name, token } = await person();
    await one.apply(group('auditors', [name]));
    await one.apply(delegation('audit', 'auditor', [{ group: 'auditors' }]));
    expect((await two.get('/audit/events', { token })).status).toBe(200);
    await one.call('POST', '/groups/auditors/members', { body: { remove: [name] } });
    expect(await two.get('/audit/events', { token })).toMatchObject({
      status: 403,
      body: { why: `user/${name} has no role in Ambit itself, and this needs audit:read.` },
    });
  });

  test('of a team lets nobody who syncs people bring somebody in by what a rule of the team looks at', async () => {
    await one.apply(
      document('Team', 'ruled', { members: [{ match: 'user.attributes.rank == "high"' }] }),
      user('climber'),
      delegation('ruled-ops', 'operator', [{ team: 'ruled' }]),
    );
    const body = { name: 'rank-sync', role: 'sync' };
    const { token } = (await one.call('POST', '/tokens', { body })).body;
    const climb = (by?: string): Promise<Reply> =>
      one.call('PUT', '/users/climber', {
        body: user('climber', { attributes: { rank: 'high' } }),
        ...(by === undefined ? {} : { token: by }),
      });
    expect(await climb(token)).toMatchObject({ status: 403, body: { code: 'group_closed' } });
    expect((await climb()).status).toBe(200);
    const { token: session } = await signIn(policy, 'climber');
    expect(await permissions(session)).toContain('clusters:write');
  });

  test('gives nothing to who is made again under the name of somebody it named', async () => {
    const { name } = await person();
    const other = await person();
    await one.apply(delegation('named', 'admin', [{ user: name }, { user: other.name }]));
    await one.call('DELETE', `/users/${name}`);
    await one.apply(user(name));
    const again = await signIn(policy, name);
    expect(await permissions(again.token)).toEqual(['self']);
    const { body } = await one.get('/delegations/named');
    expect(body.spec).toEqual({ role: 'admin', subjects: [{ user: other.name }] });
  });

  test('of somebody who is not there is refused, and so is one without a subject', async () => {
    const put = (body: object): Promise<Reply> => one.call('PUT', '/delegations/bad', { body });
    expect((await put(delegation('bad', 'admin', [{ user: 'nobody' }]))).body).toMatchObject({
      errors: [{ pointer: '/spec/subjects/0/user' }],
    });
    for (const spec of [
      { role: 'admin', subjects: [] },
      { role: 'king', subjects: [{ user: 'p1' }] },
      { role: 'admin', subjects: [{ user: 'p1', group: 'g' }] },
    ])
      expect((await put(document('Delegation', 'bad', spec))).status).toBe(422);
  });

  test('is told in the trail with whom it names, and what they do with their names', async () => {
    const { name, token, id } = await person();
    await one.apply(delegation('told', 'directory', [{ user: name }]));
    const made = await one.call('PUT', '/users/made-by-a-person', {
      token,
      body: user('made-by-a-person'),
    });
    expect(made.status).toBe(201);
    const { body } = await one.get('/audit/events?limit=20');
    expect(body.items).toContainEqual(
      expect.objectContaining({
        type: 'policy.created',
        object: expect.objectContaining({ kind: 'Delegation', name: 'told' }),
        details: { role: 'directory', subjects: [`user/${name}`] },
      }),
    );
    expect(body.items).toContainEqual(
      expect.objectContaining({
        type: 'user.created',
        actor: { kind: 'user', name: `user/${name}`, session: id },
      }),
    );
  });

  test('that goes ends the streams opened by it within a second or so', async () => {
    const { name, token } = await person();
    await one.apply(delegation('stream', 'auditor', [{ user: name }]));
    const answer = await fetch(`${two.running.restUrl}/api/v1/audit/events?watch=true`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    let ended = false;
    const reading = answer.text().finally(() => (ended = true));
    await one.call('DELETE', '/delegations/stream');
    await eventually(() => expect(ended).toBe(true), { what: 'the end' });
    expect(await reading).toContain(`The session of user/${name} has another role now.`);
  });
});

describe('ambit-central admin create', () => {
  const create = async (name: string): Promise<string> => {
    const env = { AMBIT_DATABASE_URL: db.url, AMBIT_PUBLIC_URL: 'https://ambit.example' };
    const lines: string[] = [];
    const settings = await testSettings({ dataDir: one.dataDir }, env);
    await createAdmin(settings, name, (line) => lines.push(line));
    return lines.join('\n');
  };

  test('makes people administrators, beside those that there are, and says where they set up their sign-in', async () => {
    expect(await create('boss-1')).toMatch(
      /^Open https:\/\/ambit\.example\/sign-in\/set-up and type .+:\n {2}[a-z2-7-]+$/,
    );
    await create('boss-2');
    await create('boss-1');
    const { body } = await one.get('/delegations/administrators');
    expect(body.spec).toEqual({
      role: 'admin',
      subjects: [{ user: 'boss-1' }, { user: 'boss-2' }],
    });
    const { token } = await signIn(policy, 'boss-2');
    expect((await one.get('/tokens', { token })).status).toBe(200);
  });

  test('gives nobody less than they were promised', async () => {
    const path = '/delegations/administrators';
    const spec = { role: 'auditor', subjects: [{ user: 'boss-1' }] };
    await one.call('PUT', path, { body: document('Delegation', 'administrators', spec) });
    await expect(create('boss-3')).rejects.toMatchObject({
      code: 'in_use',
      message: 'The Delegation administrators gives the role auditor.',
    });
    expect((await one.get('/users/boss-3')).status).toBe(404);
  });
});

describe('who looks after the directory', () => {
  test('changes no group by which somebody has rights in Ambit itself, until an admin says so', async () => {
    const { name, token } = await person();
    const { body } = await one.call('POST', '/tokens', { body: { name: 'hr', role: 'sync' } });
    await one.apply(delegation('hr', 'directory', [{ user: name }]), group('admins', []));
    const add = (by: string): Promise<Reply> =>
      one.call('POST', '/groups/admins/members', { token: by, body: { add: [name] } });
    await one.apply(delegation('admins', 'admin', [{ group: 'admins' }]));
    for (const by of [token, body.token as string])
      expect(await add(by)).toMatchObject({
        status: 403,
        body: {
          code: 'group_closed',
          why: 'Delegation admins gives it the role admin in Ambit itself.',
        },
      });
    // Whatever the group itself says: it is not the group that gives rights.
    await one.apply(document('Group', 'admins', { closedTo: [] }));
    expect((await add(token)).status).toBe(403);
    await one.apply(delegation('admins', 'admin', [{ group: 'admins' }], { allowDirectory: true }));
    expect((await add(token)).status).toBe(200);
    await one.call('DELETE', '/delegations/admins');
  });

  test('locks who has rights in Ambit itself, and does not bring them back', async () => {
    const [hr, boss] = [await person(), await person()];
    await one.apply(
      delegation('hr-2', 'directory', [{ user: hr.name }]),
      delegation('boss', 'admin', [{ user: boss.name }]),
    );
    const put = (active: boolean): Promise<Reply> =>
      one.call('PUT', `/users/${boss.name}`, {
        token: hr.token,
        body: { ...user(boss.name), spec: { active } },
      });
    expect((await put(false)).status).toBe(200);
    expect(await put(true)).toMatchObject({
      status: 403,
      body: {
        code: 'group_closed',
        why: `Delegation boss gives ${boss.name} the role admin in Ambit itself.`,
      },
    });
  });
});

describe('rights are asked again where the change is written', () => {
  const asSession = (
    actor: AuditActor,
    work: (tx: Transaction) => Promise<unknown>,
  ): Promise<unknown> =>
    policy
      .change(async (tx) => work(await withRights(tx, actor)))
      .then(
        () => 'written',
        (error: { code: string }) => error.code,
      );
  const actorOf = ({ name, id }: { name: string; id: string }): AuditActor => ({
    kind: 'user',
    name: `user/${name}`,
    session: id,
  });

  test('so whose session is over since is refused', async () => {
    const who = await person();
    await one.apply(delegation('until-then', 'directory', [{ user: who.name }]));
    const makes = (tx: Transaction): Promise<unknown> =>
      tx.users.put({ name: 'in-time', labels: {}, active: true });
    await db.database.query('UPDATE sessions SET expires_at = now() WHERE id = $1', [who.id]);
    expect(await asSession(actorOf(who), makes)).toBe('session_ended');
  });

  test('so who lost them since is refused, by every store', async () => {
    const who = await person();
    const actor = actorOf(who);
    await one.apply(delegation('for-now', 'directory', [{ user: who.name }]));
    const put = { labels: {}, active: true };
    const writes: ((tx: Transaction) => Promise<unknown>)[] = [
      (tx) => tx.roles.put({ name: 'r', labels: {}, clusterRole: 'view' }),
      (tx) => tx.grants.remove('none'),
      (tx) => tx.clusters.remove('c1'),
      (tx) => tx.plain('Delegation').remove('for-now'),
      (tx) => tx.plain('Delegation').put({ name: 'mine', labels: {}, spec: {} }),
    ];
    for (const write of writes) expect(await asSession(actor, write)).toBe('permission_denied');
    const makes = (tx: Transaction): Promise<unknown> => tx.users.put({ name: 'new', ...put });
    expect(await asSession(actor, makes)).toBe('written');
    await one.call('DELETE', '/delegations/for-now');
    const later = (tx: Transaction): Promise<unknown> => tx.users.put({ name: 'newer', ...put });
    expect(await asSession(actor, later)).toBe('permission_denied');
    expect(await asSession(actor, (tx) => tx.users.find('new'))).toBe('written');
    await one.call('DELETE', `/sessions/${who.id}`);
    expect(await asSession(actor, (tx) => tx.users.find('new'))).toBe('session_ended');
  });

  test('an operator looks after clusters, and says of none where people send their credentials', async () => {
    const { name, token } = await person();
    await one.apply(delegation('ops', 'operator', [{ user: name }]));
    const put = (cluster_: string, spec: object, labels = {}): Promise<Reply> =>
      one.call('PUT', `/clusters/${cluster_}`, {
        token,
        body: { ...document('Cluster', cluster_, spec), metadata: { name: cluster_, labels } },
      });
    const access = {
      credential: 'Token',
      via: 'Webhook',
      server: 'https://api.example',
      ttl: '10m',
    };
    expect((await put('theirs', {})).status).toBe(201);
    for (const spec of [{ access }, { subjects: { userPrefix: 'x:' } }])
      for (const cluster_ of ['theirs', 'new'])
        expect(await put(cluster_, spec)).toMatchObject({
          status: 403,
          body: { details: { missing: 'clusters:access' } },
        });
    await one.apply(document('Cluster', 'theirs', { access }));
    // What they leave as it is stays theirs to label.
    expect((await put('theirs', { access }, { env: 'prod' })).status).toBe(200);
    for (const spec of [{}, { access: { ...access, server: 'https://mine.example' } }])
      expect((await put('theirs', spec)).status).toBe(403);
    const told = await one.get('/audit/events?type=cluster.updated&cluster=theirs');
    expect(told.body.items.at(-1).details).toEqual({
      access: 'Token Webhook https://api.example',
      accessBefore: 'None',
    });
  });

  test('what follows from a change that they may make follows', async () => {
    const [hr, leaver] = [await person(), await person()];
    await one.apply(delegation('hr-3', 'directory', [{ user: hr.name }]));
    await one.apply(grant('of-the-leaver', [{ user: leaver.name }], ['c1']));
    const gone = await one.call('DELETE', `/users/${leaver.name}`, { token: hr.token });
    expect(gone.status).toBe(200);
    expect((await one.get('/grants/of-the-leaver')).status).toBe(404);
  });
});
