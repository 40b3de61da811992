import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import fc from 'fast-check';
import { compileFilter } from 'scim-query-filter-parser';
import SCIMMY from 'scimmy';
import { TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { TestDirectory } from './scim.test-support.ts';

/**
 * No package of npm is a client of SCIM that is kept today. What there is of others' work is taken for one: `scimmy` makes
 * what is sent and refuses answers that RFC 7643 does not allow, `scim-query-filter-parser` judges whom a filter means.
 */
const { Messages, Schemas } = SCIMMY;

let db: TestDatabase;
let central: TestCentral;
let corp: TestDirectory;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  corp = await TestDirectory.of(central, 'corp');
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const sent = (message: object): object => JSON.parse(JSON.stringify(message)) as object;
const post = (path: string, resource: object): Promise<Reply> =>
  corp.call('POST', path, { body: sent(resource) });
const work = { value: 'ada@corp.example', type: 'work', primary: true };

describe('resources and messages of scimmy', () => {
  test('a person is made, read, listed, changed and deleted', async () => {
    const name = { givenName: 'Ada', familyName: 'L' };
    const wanted = {
      userName: 'ada@corp.example',
      externalId: 'e1',
      active: true,
      name,
      emails: [work],
    };
    const made = await post('/Users', new Schemas.User(wanted, 'in'));
    expect(made.status).toBe(201);
    const ada = new Schemas.User(made.body, 'out');
    expect(sent(ada)).toMatchObject({ ...wanted, id: made.body.id });
    expect(sent(ada)).toEqual(made.body);

    const list = await corp.get('/Users?filter=userName%20eq%20%22ada@corp.example%22');
    const page = new Messages.ListResponse(list.body);
    expect([page.totalResults, page.startIndex, page.itemsPerPage]).toEqual([1, 1, 1]);
    expect(page.Resources.map((each) => sent(new Schemas.User(each as object, 'out')))).toEqual([
      made.body,
    ]);

    const patch = new Messages.PatchOp({
      schemas: [Messages.PatchOp.id],
      Operations: [
        { op: 'replace', path: 'active', value: false },
        { op: 'add', path: 'emails', value: [{ value: 'home@corp.example', type: 'home' }] },
        { op: 'remove', path: 'emails[type eq "work"]' },
        { op: 'replace', value: { displayName: 'Ada L' } },
      ],
    });
    const changed = await corp.call('PATCH', `/Users/${made.body.id}`, { body: sent(patch) });
    expect(sent(new Schemas.User(changed.body, 'out'))).toMatchObject({
      active: false,
      displayName: 'Ada L',
      emails: [{ value: 'home@corp.example', type: 'home' }],
    });
    expect((await corp.call('DELETE', `/Users/${made.body.id}`)).status).toBe(204);
  });

  test('a PATCH does what scimmy itself makes of it', async () => {
    const { body } = await post('/Users', { userName: 'pat@corp.example', emails: [work] });
    const Operations = [
      { op: 'add', path: 'name.givenName', value: 'Pat' },
      { op: 'replace', path: 'title', value: 'Engineer' },
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'p@corp.example' },
    ] as const;
    const message = { schemas: [Messages.PatchOp.id], Operations: [...Operations] };
    const theirs = await new Messages.PatchOp(message as never).apply(
      new Schemas.User(body, 'out') as never,
      ((instance: unknown) => instance) as never,
    );
    const ours = await corp.call('PATCH', `/Users/${body.id}`, { body: message });
    const { meta: _theirs, ...expected } = sent(theirs as object) as Record<string, unknown>;
    const { meta: _ours, ...answered } = ours.body;
    expect(answered).toEqual(expected);
  });

  test('a group, and what is refused', async () => {
    const { body: member } = await post('/Users', { userName: 'mem@corp.example' });
    const made = await post(
      '/Groups',
      new Schemas.Group({ displayName: 'Readers', members: [{ value: member.id }] }, 'in'),
    );
    expect(sent(new Schemas.Group(made.body, 'out'))).toEqual(made.body);
    const twice = await post('/Groups', new Schemas.Group({ displayName: 'readers' }, 'in'));
    expect(refusalIn(twice.body)).toMatchObject({ status: '409', scimType: 'uniqueness' });
    for (const path of ['/Users/none', '/Users?filter=x', '/Users?count=x', '/none']) {
      const { status, body } = await corp.get(path);
      expect(refusalIn(body)).toMatchObject({ name: 'SCIMError', status: String(status) });
    }
  });

  test('what the server says of itself is what RFC 7643 has of it', async () => {
    const config = await corp.get('/ServiceProviderConfig');
    expect(() => new Schemas.ServiceProviderConfig(config.body, 'out')).not.toThrow();
    for (const each of (await corp.get('/ResourceTypes')).body.Resources)
      expect(() => new Schemas.ResourceType(each, 'out')).not.toThrow();
    const { body } = await corp.get('/Schemas');
    for (const theirs of [Schemas.User, Schemas.Group, Schemas.EnterpriseUser]) {
      const described = sent(theirs.definition.describe()) as Described;
      const ours = body.Resources.find(
        ({ id }: { id: string }) => id === described.id,
      ) as Described;
      // Every resource may have one (RFC 7643, 3.1); no schema has to say so.
      const known = new Set(['externalId string', ...traits(described)]);
      expect(traits(ours).filter((each) => !known.has(each))).toEqual([]);
    }
  });
});

/** An answer that is a refusal of SCIM is thrown by its reader; any other is refused as none. */
function refusalIn(body: object): unknown {
  try {
    return new Messages.ErrorResponse(body);
  } catch (error) {
    return error;
  }
}

interface Described {
  readonly id: string;
  readonly attributes: readonly DescribedAttribute[];
}
interface DescribedAttribute {
  readonly name: string;
  readonly type: string;
  readonly multiValued: boolean;
  readonly subAttributes?: readonly DescribedAttribute[];
}

/** Each attribute and part with what it is, such as `emails.value string`. */
const traits = ({ attributes }: Described): string[] =>
  attributes.flatMap(({ name, type, multiValued, subAttributes = [] }) => [
    `${name} ${type}${multiValued ? ' of many' : ''}`,
    ...subAttributes.map((each) => `${name}.${each.name} ${each.type}`),
  ]);

test('whom a filter finds is whom scim-query-filter-parser would', async () => {
  const titles = ['a', 'ab', 'b', 'bc', undefined];
  const people: Reply['body'][] = [];
  for (let at = 0; at < 20; at++) {
    const title = titles[at % titles.length];
    const nickName = ['x', 'xy', undefined][at % 3];
    const active = at % 4 !== 0;
    const said = { userName: `f${at}@corp.example`, active, title, nickName };
    people.push((await post('/Users', said)).body);
  }
  const text = fc.constantFrom('a', 'b', 'ab', 'x', 'xy', '@', 'f1');
  const part = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('title', 'userName', 'displayName'),
        fc.constantFrom('eq', 'co', 'sw', 'ew'),
        text,
      )
      .map(([name, op, value]) => `${name} ${op} "${value}"`),
    fc.constantFrom('title pr', 'active eq true', 'active eq false'),
  );
  const op = fc.constantFrom('and', 'or');
  // It takes two of a kind at a time: of `a and b and c` it forgets the last.
  const filter = fc
    .tuple(part, op, part, op, part)
    .map(([one, first, two, second, three]) => `${one} ${first} (${two} ${second} ${three})`);
  const among = 'userName sw "f" and ';
  await fc.assert(
    fc.asyncProperty(filter, async (asked) => {
      const whole = `${among}(${asked})`;
      const means = compileFilter(whole);
      const { body } = await corp.get(`/Users?filter=${encodeURIComponent(whole)}`);
      const ids = (of: Reply['body'][]): string[] => of.map(({ id }) => id as string).sort();
      expect(ids(body.Resources)).toEqual(ids(people.filter((each) => means(each))));
    }),
    { numRuns: 50 },
  );
}, 60_000);
