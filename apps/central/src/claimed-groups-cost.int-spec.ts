import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, TestCentral, user } from './central.test-support.ts';
import { comingIn, provider, TestSignIns } from './identities.test-support.ts';
import { StatementCount } from './statement-count.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let tap: StatementCount;
let signIns: TestSignIns;
let count = 0;

const many = Array.from({ length: 200 }, (_, n) => `${n}`);
const rules = ['open', 'risky'].map((kind) => ({
  each: `groups.filter(g, g.startsWith("${kind}-"))`,
  prefix: 'x-',
}));
const openTo = (of: number): string[] => many.slice(0, of).map((n) => `open-${n}`);
const closed = many.map((n) => `risky-${n}`);

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    provider('corp', { groups: rules }),
    ...[...openTo(200), ...closed].map((name) => document('Group', `x-${name}`, {})),
    cluster('prod'),
    grant('sees', [{ group: 'x-open-0' }], ['prod']),
    grant(
      'does-all',
      closed.map((name) => ({ group: `x-${name}` })),
      ['prod'],
      { role: 'admin' },
    ),
  );
  const { count: counted, url } = await StatementCount.before(db.url);
  tap = counted;
  signIns = await TestSignIns.on({ ...db, database: await db.another(url) });
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  await db.close();
  tap?.close();
});

/** The fewest statements of three who come in with these groups: what runs beside it comes and goes. */
async function statementsOf(groups: readonly string[], before?: readonly string[]) {
  const counts: number[] = [];
  let notes: readonly string[] = [];
  for (let nth = 0; nth < 3; nth++) {
    const name = `p${++count}@corp.example`;
    await central.apply(user(name));
    const comes = (of: readonly string[]) =>
      signIns.admit(comingIn('corp', name, { groups: [...of] }));
    if (before !== undefined) await comes(before);
    const from = tap.statements;
    ({ notes } = await comes(groups));
    counts.push(tap.statements - from);
  }
  return { statements: Math.min(...counts), notes };
}

/** What is read of the feed beside it comes and goes. */
const beside = 2;

describe('a sign-in takes the same statements', () => {
  test('whether its claims give one group or 200', async () => {
    const one = await statementsOf(openTo(1));
    const all = await statementsOf(openTo(200));
    expect(one.statements).toBeGreaterThan(10);
    expect(all.statements).toBeLessThanOrEqual(one.statements + beside);
    expect(all.notes).toEqual([]);
  });

  test('whether one group or 200 are closed, of which a few are told', async () => {
    const one = await statementsOf(closed.slice(0, 1));
    const all = await statementsOf(closed);
    expect(all.statements).toBeLessThanOrEqual(one.statements + beside);
    expect(one.notes).toHaveLength(1);
    expect(all.notes).toHaveLength(21);
    expect(all.notes[0]).toMatch(/^You are not put into group x-risky-0: Grant does-all gives it/);
    expect(all.notes.at(-1)).toBe('and 180 more groups');
  });

  test('whether one group or 200 are taken away again', async () => {
    const one = await statementsOf([], openTo(1));
    const all = await statementsOf([], openTo(200));
    // So much is judged outside of the transaction, which is then made again.
    expect(all.statements).toBeLessThanOrEqual(2 * one.statements + beside);
  });
});
