import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { directoryPeople, patch, TestDirectory } from './scim.test-support.ts';
import { StatementCount } from './statement-count.test-support.ts';

/** What a call costs in statements, with BEGIN and COMMIT; whoever lowers one lowers it here. */
const wanted = {
  findUser: 2,
  createUser: 13,
  changeUser: 14,
  sameUser: 7,
  addMember: 19,
  sameMember: 8,
  removeMember: 20,
  sameGroup: 10,
};

/** Replicas tell each other of a commit and read it, before its answer or after. */
const ofOthers = /^SELECT (?:h\.revision AS head|pg_notify)|bullmq/;

let db: TestDatabase;
let count: StatementCount;
let central: TestCentral;
let corp: TestDirectory;
let ids: readonly string[];
let big: string;
let made = 0;

beforeAll(async () => {
  db = await testDatabase();
  const counted = await StatementCount.before(db.url, ofOthers);
  count = counted.count;
  central = await TestCentral.start(counted.url);
  corp = await TestDirectory.of(central, 'corp');
  ids = await directoryPeople(db, corp, 'cost', 10_100);
  ({ id: big } = await corp.group('big'));
  for (let from = 0; from < 10_000; from += 1_000) {
    const value = ids.slice(from, from + 1_000).map((id) => ({ value: id }));
    await group(big, patch({ op: 'add', path: 'members', value }));
  }
});
afterAll(async () => {
  await central?.stop();
  count.close();
  await db.close();
});

/** The fewest of several: a heartbeat or a job comes between. */
async function statementsOf(
  call: (nth: number) => Promise<Reply>,
  status: number,
): Promise<number> {
  const counts: number[] = [];
  for (let nth = 0; nth < 4; nth++) {
    const before = count.statements;
    expect((await call(nth)).status).toBe(status);
    counts.push(count.statements - before);
  }
  return Math.min(...counts);
}

const member = (op: string, nth: number): object =>
  patch({ op, path: 'members', value: [{ value: ids[nth] }] });
const group = (id: string, body: object): Promise<Reply> =>
  corp.call('PATCH', `/Groups/${id}`, { body });

describe('statements of one call, with 10,000 people and a group of all of them', () => {
  test('whether somebody is there', async () => {
    const filter = encodeURIComponent('userName eq "cost9@corp.example"');
    const found = await statementsOf(() => corp.get(`/Users?filter=${filter}`), 200);
    expect(found).toBe(wanted.findUser);
    const nobody = encodeURIComponent('externalId eq "nobody"');
    expect(await statementsOf(() => corp.get(`/Users?filter=${nobody}`), 200)).toBe(
      wanted.findUser,
    );
  });

  test('a person who is new, changed, and as before', async () => {
    const body = () => ({
      userName: `new${++made}@corp.example`,
      externalId: `n${made}`,
      title: 'x',
    });
    const create = () => corp.call('POST', '/Users', { body: body() });
    expect(await statementsOf(create, 201)).toBe(wanted.createUser);
    const { id } = await corp.user(`new${++made}@corp.example`);
    const title = (value: string) =>
      corp.call('PATCH', `/Users/${id}`, { body: patch({ op: 'replace', path: 'title', value }) });
    expect(await statementsOf((nth) => title(`${nth}`), 200)).toBe(wanted.changeUser);
    await title('same');
    expect(await statementsOf(() => title('same'), 200)).toBe(wanted.sameUser);
  });

  test('one member more or less, in a group of 10,000 as in one of none', async () => {
    const { id: small } = await corp.group('small');
    for (const id of [small, big]) {
      const change = (op: string, from: number) => (nth: number) =>
        group(id, member(op, from + nth));
      const added = await statementsOf(change('add', 10_000), 204);
      const again = await statementsOf(change('add', 10_000), 204);
      const removed = await statementsOf(change('remove', 10_000), 204);
      expect({ id, added, again, removed }).toEqual({
        id,
        added: wanted.addMember,
        again: wanted.sameMember,
        removed: wanted.removeMember,
      });
    }
  });

  test('a whole group of 10,000 as before locks nobody and writes nothing', async () => {
    const whole = { displayName: 'big', members: ids.slice(0, 10_000).map((value) => ({ value })) };
    // What was locked has an xmax.
    const touched = async (): Promise<unknown> =>
      db.database.query(`SELECT count(*) FILTER (WHERE xmax::text <> '0')::int AS locked,
        max(xmin::text::bigint) AS newest FROM users`);
    const before = await touched();
    const put = () => corp.call('PUT', `/Groups/${big}`, { body: whole });
    expect(await statementsOf(put, 200)).toBe(wanted.sameGroup);
    expect(await touched()).toEqual(before);
  });
});
