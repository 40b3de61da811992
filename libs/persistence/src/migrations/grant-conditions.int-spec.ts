import { expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import { DataSource } from 'typeorm';
import { dumpSchema } from '../dump-schema.ts';
import { GrantConditions1795473400000 } from './1795473400000-grant-conditions.ts';

test('undone, it leaves no grant that would be given to more than those for whom its condition holds, and can be done again', async () => {
  const db = await testDatabase();
  const owner = await new DataSource({ type: 'postgres', url: db.ownerUrl }).initialize();
  try {
    const policy = new PolicyWriter(db.database);
    const { uid } = await policy.user('ada');
    const subjects = [{ kind: 'User', uid } as const];
    const match = 'user.attributes.a == "b"';
    await policy.grant('plain', subjects);
    const { uid: grantUid } = await policy.grant('conditional', subjects, { match });
    await policy.change(async (tx) => {
      const condition = { grantUid, labels: {}, match, reads: ['a:a'], subjects: [uid] };
      const record = await tx.conditions.create('when.conditional', condition);
      await tx.rules.give([{ groupUid: record.groupUid, userUid: uid, match }]);
      return { record };
    });

    const before = await dumpSchema(db.database);
    const migration = new GrantConditions1795473400000();
    await migration.down(owner.createQueryRunner());
    expect(await db.database.query('SELECT name FROM grants')).toEqual([{ name: 'plain' }]);
    expect(await db.database.query('SELECT name FROM groups')).toEqual([]);

    await migration.up(owner.createQueryRunner());
    expect(await dumpSchema(db.database)).toEqual(before);
  } finally {
    await owner.destroy();
    await db.close();
  }
});
