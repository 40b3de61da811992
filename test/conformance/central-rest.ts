import { describe, expect, test } from '@jest/globals';
import { apiVersion, mostObjects } from '@ambit/contracts';
import { document, user } from '../../apps/central/src/central.test-support.ts';
import { aCluster, aGrant, aList, aUser } from '../../apps/cli/src/small-central.test-support.ts';
import { applying } from './rest-caller.ts';
import type { RestCaller } from './rest-caller.ts';
import { crew } from './rest-world.ts';

/** What a caller is told who asks wrongly. */
export function restRefusals(rest: RestCaller): void {
  test('without a token, or with one that is not known: told so, and what to do', async () => {
    expect(await rest.refused({ path: '/users', token: '' })).toMatchObject({
      status: 401,
      code: 'token_missing',
      hint: expect.any(String),
      nextCommand: expect.any(String),
    });
    const { token } = rest.target;
    const wrong = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
    const problem = await rest.refused({ path: '/users', token: wrong });
    expect(problem).toMatchObject({ status: 401, code: 'token_invalid' });
  });

  test('a path that is no route', async () => {
    const problem = await rest.refused({ path: '/usrs' });
    expect(problem).toMatchObject({ status: 404, code: 'route_not_found' });
  });

  test('a body that is no JSON', async () => {
    const problem = await rest.refused({ method: 'PUT', path: '/users/alice', body: '{"kind":' });
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
  });

  test('an unknown field, where it stands and with what was meant, and every other fault', async () => {
    const body = document('User', 'alice', { displayNam: 'Alice', active: 'yes' });
    const { status, code, errors } = await rest.refused({
      method: 'PUT',
      path: '/users/alice',
      body,
    });
    expect({ status, code }).toEqual({ status: 422, code: 'invalid_request' });
    expect(errors).toHaveLength(2);
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/spec/displayNam', didYouMean: 'displayName' }),
        expect.objectContaining({ pointer: '/spec/active' }),
      ]),
    );
  });

  test.each([
    ['nonsense=1', '/nonsense'],
    ['limit=501', '/limit'],
  ])('the query %s', async (query, pointer) => {
    const problem = await rest.refused({ path: `/users?${query}` });
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request', errors: [{ pointer }] });
  });

  test('a set with an unknown kind and a wrong name, with the place of each', async () => {
    const set = [user('alice'), document('Usr', 'bob', {}), user('Carol')];
    expect(await rest.refused(applying(set))).toMatchObject({
      status: 422,
      code: 'invalid_policy',
      errors: [
        { document: 1, pointer: '/kind', didYouMean: 'User' },
        { document: 2, pointer: '/metadata/name', didYouMean: 'carol' },
      ],
    });
  });

  test('a set of none, and of too many', async () => {
    const many = Array.from({ length: mostObjects + 1 }, () => ({}));
    for (const set of [[], many])
      expect(await rest.refused(applying(set))).toMatchObject({ status: 422 });
  });
}

const { metadata } = aUser('alice');
/** One object of each kind as the fake is told to answer it; the world holds each. */
const said = [
  ['users', aUser('alice')],
  ['grants', aGrant('alice-view', { state: 'Active', conditions: [] })],
  ['clusters', aCluster('prod-eu')],
  [
    'groups',
    {
      apiVersion,
      kind: 'Group',
      metadata: { ...metadata, name: 'sre' },
      spec: { members: ['alice'] },
      status: { memberCount: 1, conditions: [] },
    },
  ],
  [
    'roles',
    {
      apiVersion,
      kind: 'Role',
      metadata: { ...metadata, name: 'ops' },
      spec: { clusterRole: 'view' },
      status: { builtIn: false, conditions: [] },
    },
  ],
] as const;

/** What is read, of every kind. */
export function restReads(rest: RestCaller): void {
  describe.each(said)('%s', (plural, object) => {
    const { kind } = object;
    const { name } = object.metadata;
    const path = `/${plural}/${name}`;

    test('one is read with its fields', async () => {
      const body = await rest.claimed({ [`get${kind}`]: object }, { path });
      expect(body).toMatchObject({ apiVersion, kind, metadata: { name } });
    });

    test('all are listed', async () => {
      const operation = `list${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
      const list = aList(kind, [object]);
      const body = await rest.claimed({ [operation]: list }, { path: `/${plural}?limit=500` });
      expect(body).toMatchObject({ apiVersion, kind: `${kind}List` });
      expect(body.metadata).not.toHaveProperty('continue');
    });

    test('one that is not there is refused by its kind and name, with where to look', async () => {
      rest.target.tell({});
      for (const method of ['GET', 'DELETE']) {
        expect(await rest.refused({ method, path: `/${plural}/nosuch` })).toMatchObject({
          status: 404,
          code: 'not_found',
          detail: `There is no ${kind} nosuch.`,
          nextCommand: `ambit get ${plural}`,
        });
      }
    });

    test('what was read can be put again as it is', async () => {
      rest.target.tell({ [`get${kind}`]: () => object, [`put${kind}`]: () => object });
      const { body } = await rest.call({ path });
      const again = await rest.call({ method: 'PUT', path, body });
      expect(again).toMatchObject({ status: 200, body: { kind, metadata: body.metadata } });
    });
  });

  test('a list comes page by page, each with the cursor of the next', async () => {
    rest.target.tell({
      listUsers: ({ query }) =>
        query['continue'] === undefined
          ? aList('User', [aUser('crew-00')], 'p2')
          : aList('User', [aUser('crew-01')]),
    });
    const path = '/users?q=crew&limit=20';
    const first = await rest.call({ path });
    const cursor = encodeURIComponent(String(first.body.metadata.continue));
    const second = await rest.call({ path: `${path}&continue=${cursor}` });
    expect(second.body.metadata).not.toHaveProperty('continue');
    const items: (typeof metadata)[] = [...first.body.items, ...second.body.items].map(
      (item: { metadata: typeof metadata }) => item.metadata,
    );
    const names = items.map(({ name }) => name);
    expect(names).toEqual(crew.slice(0, names.length));
    expect(names.length).toBeGreaterThan(1);
  });
}
