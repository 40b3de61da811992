import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { userRows } from '../kinds/user/user-row.ts';
import type { Statement } from '../open-transaction.ts';
import type { UserRecord } from '../records.ts';
import { textsOf } from '../../test/row-arrays.ts';
import { ChangeSet } from '../stores/change-set.ts';
import { type Commitment, GroupCommit } from './group-commit.ts';
import { PolicyMoved } from './not-drafted.ts';
import { PolicyWrites } from './policy-writes.ts';

const actor = { kind: 'system', name: 'system/test' } as const;
const at = new Date(0);

const user = (name: string): UserRecord => ({
  kind: 'User',
  uid: `uid-${name}`,
  name,
  labels: {},
  annotations: {},
  resourceVersion: 0,
  generation: 1,
  createdAt: 0,
  active: true,
  attributes: {},
});

function creation(...names: string[]): Commitment {
  const changes = new ChangeSet({ actor, time: at.toISOString(), newId: () => 'id' });
  const writes = new PolicyWrites();
  for (const name of names) {
    writes.create(userRows, user(name));
    changes.put({ kind: 'User', uid: `uid-${name}`, name, labels: {}, active: true });
    changes.addEvent({ type: 'user.created', message: name });
  }
  return { actor, changes, writes, written: new Set(names.map((name) => `User/${name}`)) };
}

/** Names of the users that a transaction creates. */
function createdBy(statements: readonly Statement[]): string[] {
  const texts = statements.filter(({ text }) => text.startsWith('INSERT INTO users'));
  // Beside how many revisions are made, and the uids.
  return texts.flatMap(({ values: [, , names] }) => textsOf(names as Buffer));
}

/** A database of which each transaction is held until it is let go. */
class HeldDatabase {
  readonly transactions: string[][] = [];
  readonly statements: (readonly Statement[])[] = [];
  readonly #refuse: (names: readonly string[]) => Error | undefined;
  #revision = 0;
  #gate = Promise.withResolvers<void>();

  constructor(refuse: (names: readonly string[]) => Error | undefined = () => undefined) {
    this.#refuse = refuse;
  }

  readonly group = new GroupCommit(
    async (sent) => {
      const statements = [...sent];
      const names = createdBy(statements);
      this.transactions.push(names);
      this.statements.push(statements);
      await this.#gate.promise;
      const refused = this.#refuse(names);
      if (refused !== undefined) throw refused;
      const lineage = Buffer.alloc(16);
      const sealed = names.map(() => ({ revision: ++this.#revision, lineage }));
      return statements.map(({ text }) =>
        text.startsWith('WITH head AS (\n  UPDATE') ? sealed : [],
      );
    },
    () => at,
  );

  letGo(): void {
    this.#gate.resolve();
  }
}

describe('commits of concurrent callers', () => {
  test('the first goes at once, what comes meanwhile goes together, each with its own revision in order', async () => {
    const database = new HeldDatabase();
    const commits = ['a', 'b', 'c', 'd'].map((name) => database.group.commit(creation(name)));
    expect(database.transactions).toEqual([['a']]);
    database.letGo();
    const sealed = await Promise.all(commits);
    expect(database.transactions).toEqual([['a'], ['b', 'c', 'd']]);
    expect(sealed.map(({ revision }) => revision)).toEqual([1, 2, 3, 4]);
  });

  test('two that write the same object are never together, and keep their order', async () => {
    const database = new HeldDatabase();
    const commits = ['a', 'b', 'c', 'b', 'd'].map((name) => database.group.commit(creation(name)));
    database.letGo();
    await Promise.all(commits);
    expect(database.transactions).toEqual([['a'], ['b', 'c'], ['b', 'd']]);
  });

  test('one that the database refuses fails alone', async () => {
    const refusal = new AppError('invalid_request', 'no');
    const database = new HeldDatabase((names) => (names.includes('bad') ? refusal : undefined));
    const commits = ['a', 'b', 'bad', 'c'].map((name) => database.group.commit(creation(name)));
    database.letGo();
    const settled = await Promise.allSettled(commits);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(settled[2]).toMatchObject({ reason: refusal });
  });

  test('one whose judge refuses it is not sent, and the others are', async () => {
    const database = new HeldDatabase();
    const refusal = new AppError('confirmation_required', 'too much');
    const first = database.group.commit(creation('a'));
    const judged = database.group.commit({
      ...creation('b'),
      before: () => {
        throw refusal;
      },
    });
    const last = database.group.commit(creation('c'));
    database.letGo();
    await expect(judged).rejects.toBe(refusal);
    await Promise.all([first, last]);
    expect(database.transactions).toEqual([['a'], ['c']]);
  });

  test('whoever may have been stored is not tried again', async () => {
    const database = new HeldDatabase(() => new AppError('database_unavailable', 'gone'));
    const commits = ['a', 'b', 'c'].map((name) => database.group.commit(creation(name)));
    database.letGo();
    const settled = await Promise.allSettled(commits);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(database.transactions).toEqual([['a'], ['b', 'c']]);
  });

  test('a row that moved on is told as such', async () => {
    const cause = Object.assign(new Error('division by zero'), { code: '22012' });
    const database = new HeldDatabase(() => new AppError('internal', 'what it was', { cause }));
    const commit = database.group.commit(creation('a'));
    database.letGo();
    await expect(commit).rejects.toBeInstanceOf(PolicyMoved);
  });

  test.each([
    [1, 2],
    [100, 2],
    [1_000, 2],
    [10_000, 20],
  ])('a set of %i objects is written by %i statements', async (objects, statements) => {
    const database = new HeldDatabase();
    const names = Array.from({ length: objects }, (_, at) => `u-${at}`);
    const commit = database.group.commit(creation(...names));
    database.letGo();
    await commit;
    expect(database.statements[0]).toHaveLength(statements);
    expect(database.transactions[0]).toEqual(names);
  });
});
