import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { comingIn, provider, TestSignIns } from './identities.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let signIns: TestSignIns;
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(provider('corp'), provider('open', { provisioning: 'OnSignIn' }));
  signIns = await TestSignIns.on(db);
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  await db.close();
});

/** A User with an address of corp. */
async function person(): Promise<string> {
  const name = `p${++count}@corp.example`;
  await central.apply(user(name));
  return name;
}

const identities = async (name: string): Promise<Reply['body'][]> =>
  (await central.get(`/users/${encodeURIComponent(name)}/identities`)).body.items;
const unlink = async (name: string, query = ''): Promise<Reply> => {
  const [{ id }] = await identities(name);
  return central.call('DELETE', `/users/${encodeURIComponent(name)}/identities/${id}${query}`);
};
const refused = (reason: string, why: RegExp = /./): object => ({
  code: 'identity_refused',
  extras: { why: expect.stringMatching(why), details: { reason } },
});
const isIn = async (token: string): Promise<number> => (await central.get('/me', { token })).status;

describe('an identity', () => {
  test('is linked by a verified address once, and then by its subject, whatever the provider calls the person', async () => {
    const name = await person();
    const first = await signIns.admit(comingIn('corp', name));
    expect(first).toMatchObject({ person: { name }, notes: [] });
    const subject = `sub-${name}`;
    const renamed = comingIn('corp', 'other@corp.example', {}, { subject });
    expect(await signIns.admit(renamed)).toEqual(first);
    const bare = comingIn('corp', name, { email_verified: false });
    expect(await signIns.admit(bare)).toEqual(first);
    expect(await identities(name)).toEqual([
      expect.objectContaining({
        id: first.identity,
        provider: 'corp',
        subject,
        linkedBy: 'Email',
        state: 'linked',
      }),
    ]);
    const { body } = await central.get('/audit/events?type=identity.linked&limit=50');
    const told = body.items.filter((event: Reply['body']) => event.subjects[0] === name);
    expect(told).toEqual([
      expect.objectContaining({
        message: `An account of corp was linked to User ${name}, whose name is its verified e-mail address`,
        details: expect.objectContaining({ linkedBy: 'Email' }),
      }),
    ]);
  });

  test('another account with the same address is refused, with whom to ask', async () => {
    const name = await person();
    await signIns.admit(comingIn('corp', name));
    const another = comingIn('corp', name, {}, { subject: 'another' });
    await expect(signIns.admit(another)).rejects.toMatchObject({
      ...refused('taken', /signs in with another account of corp/),
      message: 'You cannot come in with corp.',
    });
    expect(await identities(name)).toHaveLength(1);
  });

  test('of two accounts that come at once with one address one is linked', async () => {
    const name = await person();
    const both = await Promise.allSettled(
      ['one', 'two'].map((subject) => signIns.admit(comingIn('corp', name, {}, { subject }))),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await identities(name)).toHaveLength(1);
  });

  test('of one account that comes many times at once there is one', async () => {
    const name = await person();
    const all = await Promise.all(
      Array.from({ length: 8 }, () => signIns.admit(comingIn('corp', name))),
    );
    expect(new Set(all.map(({ identity }) => identity)).size).toBe(1);
  });

  test.each([
    ['an address that is not verified', { email_verified: false }, 'email_unverified'],
    [
      'an address that is said to be verified by a text',
      { email_verified: 'true' },
      'email_unverified',
    ],
    ['no word about it', { email_verified: undefined }, 'email_unverified'],
    ['no address', { email: undefined }, 'no_email'],
    ['a list of addresses', { email: ['p1@corp.example'] }, 'no_email'],
    ['an address of another domain', { email: 'x@open.example' }, 'foreign_domain'],
    ['a name of Kubernetes', { email: 'system:masters@corp.example' }, 'email_refused'],
    ['somebody who is not there', { email: 'nobody@corp.example' }, 'unknown'],
  ])('with %s is refused', async (_what, claims, reason) => {
    const name = await person();
    const signIn = comingIn('corp', name, claims, { subject: `strange-${++count}` });
    await expect(signIns.admit(signIn)).rejects.toMatchObject(refused(reason));
    expect(await identities(name)).toEqual([]);
    const { body } = await central.get('/audit/events?type=login.failed&limit=1');
    expect(body.items[0]).toMatchObject({ details: { reason, subject: signIn.subject } });
  });

  test('of somebody who is locked is refused, before and after it is linked', async () => {
    const name = await person();
    await central.apply(user(name, { active: false }));
    await expect(signIns.admit(comingIn('corp', name))).rejects.toMatchObject(refused('locked'));
    await central.apply(user(name));
    await signIns.admit(comingIn('corp', name));
    await central.apply(user(name, { active: false }));
    await expect(signIns.admit(comingIn('corp', name))).rejects.toMatchObject(refused('locked'));
  });

  test('case b56: of a User that was deleted gives who is made anew under the name nothing of before', async () => {
    const name = await person();
    const first = await signIns.admit(comingIn('corp', name));
    await central.call('DELETE', `/users/${encodeURIComponent(name)}`);
    const signIn = comingIn('corp', name);
    await expect(signIns.admit(signIn)).rejects.toMatchObject(refused('unknown'));
    await central.apply(user(name));
    expect(await identities(name)).toEqual([]);
    const again = await signIns.admit(signIn);
    expect(again.person.uid).not.toBe(first.person.uid);
    await expect(signIns.sessionOf(first)).rejects.toMatchObject({ code: 'permission_denied' });
  });

  test('makes a User where the provider may, in its domains alone', async () => {
    const signIn = comingIn('open', 'New.Person@OPEN.example', { name: 'New Person' });
    const { person: made } = await signIns.admit(signIn);
    expect(made.name).toBe('new.person@open.example');
    await eventually(async () => {
      const { body } = await central.get(`/users/${encodeURIComponent(made.name)}`);
      expect(body.spec).toEqual({ displayName: 'New Person', active: true });
    });
    expect(await identities(made.name)).toMatchObject([{ linkedBy: 'OnSignIn' }]);
    await expect(
      signIns.admit(comingIn('open', 'x@evil.example', {}, { subject: 'evil' })),
    ).rejects.toMatchObject(refused('foreign_domain'));
  });

  test('is of the User whom the directory of the provider calls so, whatever the address', async () => {
    const name = await person();
    const { body } = await central.get(`/users/${encodeURIComponent(name)}`);
    await db.database.query(
      `INSERT INTO directory_users (provider_uid, user_uid, user_name, external_id, attributes, made_here, locked_here, version, created_at, changed_at)
       SELECT uid, $2, $1, $1, '{}', false, false, 1, now(), now() FROM policy_objects WHERE kind = 'IdentityProvider' AND name = 'corp'`,
      [`ext-${name}`, body.metadata.uid],
    );
    const signIn = comingIn('corp', 'x@evil.example', {}, { subject: `ext-${name}` });
    expect((await signIns.admit(signIn)).person.name).toBe(name);
    expect(await identities(name)).toMatchObject([{ linkedBy: 'ExternalId' }]);
  });
});

describe('two providers', () => {
  test('never have one service speak for their directories', async () => {
    const service = 'scim-of-both';
    await central.apply(document('ServiceIdentity', service, {}));
    const of = (name: string): Promise<Reply> => {
      const body = provider(name, { directory: { service } });
      return central.call('PUT', `/identityproviders/${name}`, { body });
    };
    expect((await of('first')).status).toBe(201);
    expect((await of('other')).body).toMatchObject({
      errors: [
        {
          pointer: '/spec/directory/service',
          message: expect.stringContaining('IdentityProvider first has its directory'),
        },
      ],
    });
    expect((await of('first')).status).toBe(200);
  });

  test('never speak for one domain or one issuer', async () => {
    const put = (spec: object): Promise<Reply> =>
      central.call('PUT', '/identityproviders/rival', { body: provider('rival', spec) });
    expect((await put({ domains: ['rival.example', 'corp.example'] })).body).toMatchObject({
      errors: [
        {
          pointer: '/spec/domains/1',
          message: expect.stringContaining('IdentityProvider corp speaks for corp.example'),
        },
      ],
    });
    expect((await put({ issuer: 'https://login.corp.example/' })).body).toMatchObject({
      errors: [{ pointer: '/spec/issuer' }],
    });
    const both = ['twin-a', 'twin-b'].map((name) => provider(name, { domains: ['twin.example'] }));
    const reply = await central.call('POST', '/apply', { body: { objects: both } });
    expect(reply.status).toBe(422);
    expect((await central.get('/identityproviders/twin-a')).status).toBe(404);
  });

  test('with the same address are two accounts, of which the one that does not speak for the domain is nobody', async () => {
    const name = await person();
    await signIns.admit(comingIn('corp', name));
    await expect(signIns.admit(comingIn('open', name))).rejects.toMatchObject(
      refused('foreign_domain'),
    );
    expect(await identities(name)).toHaveLength(1);
  });
});

describe('the end of an identity', () => {
  test('ends the sessions that began with it, and no others', async () => {
    const name = await person();
    const { token } = await signIns.session(comingIn('corp', name));
    const other = await signIns.session(comingIn('corp', await person()));
    expect(await isIn(token)).toBe(200);
    const { status, body } = await unlink(name);
    expect([status, body.state]).toEqual([200, 'unlinked']);
    expect(await central.get('/me', { token })).toMatchObject({
      status: 401,
      body: { code: 'session_ended', why: expect.stringContaining('was unlinked') },
    });
    expect(await isIn(other.token)).toBe(200);
  });

  test('stays: it lets nobody in and is nobody else’s, until it is forgotten', async () => {
    const name = await person();
    const admitted = await signIns.admit(comingIn('corp', name));
    await unlink(name);
    await expect(signIns.sessionOf(admitted)).rejects.toMatchObject({ code: 'permission_denied' });
    const elsewhere = comingIn('corp', await person(), {}, { subject: `sub-${name}` });
    for (const signIn of [comingIn('corp', name), elsewhere])
      await expect(signIns.admit(signIn)).rejects.toMatchObject(refused('unlinked'));
    await unlink(name, '?forget=true');
    expect(await identities(name)).toEqual([]);
    expect((await signIns.admit(comingIn('corp', name))).person.name).toBe(name);
  });

  test('is for those who may end sessions', async () => {
    const name = await person();
    const { token } = await signIns.session(comingIn('corp', name));
    const [{ id }] = await identities(name);
    const path = `/users/${encodeURIComponent(name)}/identities`;
    expect((await central.call('DELETE', `${path}/${id}`, { token })).status).toBe(403);
    expect((await central.get(path, { token })).status).toBe(403);
    expect((await central.call('DELETE', `/users/p1@corp.example/identities/${id}`)).status).toBe(
      404,
    );
    expect((await central.get('/users/nobody/identities')).status).toBe(404);
  });

  test('case 6: with its provider ends its sessions, and a provider made anew under the name does not bring them back', async () => {
    await central.apply(provider('gone'), user('g1@gone.example'));
    const admitted = await signIns.admit(comingIn('gone', 'g1@gone.example'));
    const { token } = await signIns.sessionOf(admitted);
    expect((await central.call('DELETE', '/identityproviders/gone')).status).toBe(200);
    expect(await isIn(token)).toBe(401);
    await expect(signIns.sessionOf(admitted)).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(signIns.admit(comingIn('gone', 'g1@gone.example'))).rejects.toMatchObject(
      refused('no_provider'),
    );
    expect(await identities('g1@gone.example')).toMatchObject([{ state: 'orphaned' }]);
    await central.apply(provider('gone'));
    expect(await isIn(token)).toBe(401);
    expect(await signIns.admit(comingIn('gone', 'g1@gone.example'))).toEqual(admitted);
  });
});

describe('a provider', () => {
  test('of which the issuer changes is another one: sessions end, and accounts are linked anew', async () => {
    await central.apply(provider('moves'), user('m@moves.example'));
    const { token } = await signIns.session(comingIn('moves', 'm@moves.example'));
    await central.apply(provider('moves', { title: 'Moves' }));
    expect(await isIn(token)).toBe(200);
    const issuer = 'https://new.moves.example';
    await central.apply(provider('moves', { issuer }));
    expect(await isIn(token)).toBe(401);
    const signIn = comingIn('moves', 'm@moves.example', {}, { issuer });
    expect((await signIns.admit(signIn)).person.name).toBe('m@moves.example');
    expect(await identities('m@moves.example')).toMatchObject([
      { state: 'orphaned' },
      { state: 'linked', issuer },
    ]);
  });

  test('of which the issuer changes lets nobody in by what the former one said before', async () => {
    const [stays, comes] = ['s@former.example', 'c@former.example'];
    await central.apply(provider('former'), user(stays), user(comes));
    await signIns.admit(comingIn('former', stays));
    await central.apply(provider('former', { issuer: 'https://new.former.example' }));
    for (const name of [stays, comes])
      await expect(signIns.admit(comingIn('former', name))).rejects.toMatchObject(
        refused('another_issuer'),
      );
    expect(await identities(stays)).toMatchObject([{ state: 'orphaned' }]);
    expect(await identities(comes)).toEqual([]);
  });

  test('is kept without its secret, and told as it was written', async () => {
    const { body } = await central.get('/identityproviders/corp');
    expect(body.spec.clientSecret).toEqual({ env: 'IDP_CORP' });
    const same = await central.apply(document('IdentityProvider', 'corp', body.spec));
    expect(same.objects).toMatchObject([{ action: 'unchanged' }]);
  });

  test('with a rule that cannot be worked out is refused where it stands', async () => {
    const groups = [
      { when: 'claims.email.matches("(a+)+$")', group: 'a' },
      { each: 'nothing', prefix: 'x-' },
      { value: 'fine', group: 'a' },
    ];
    const body = provider('corp', { groups });
    expect((await central.call('PUT', '/identityproviders/corp', { body })).body).toMatchObject({
      errors: [
        {
          pointer: '/spec/groups/0/when',
          message: expect.stringContaining('"matches" cannot be used'),
        },
        { pointer: '/spec/groups/1/each', message: expect.stringContaining('nothing') },
      ],
    });
  });
});
