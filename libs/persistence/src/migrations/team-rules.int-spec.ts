import { expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import { DataSource } from 'typeorm';
import { dumpSchema } from '../dump-schema.ts';
import { TeamRules1795473210000 } from './1795473210000-team-rules.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

test('done, rules can read what directories said before; undone, it leaves no group of a team, and can be done again', async () => {
  const db = await testDatabase();
  const owner = await new DataSource({ type: 'postgres', url: db.ownerUrl }).initialize();
  try {
    const policy = new PolicyWriter(db.database);
    const { uid } = await policy.user('ada');
    await policy.change(async (tx) => {
      const { record } = await tx
        .plain('IdentityProvider')
        .put({ name: 'corp', labels: {}, spec: {} });
      await tx.directories.saveUser({
        providerUid: record.uid,
        uid,
        userName: 'Ada',
        attributes: {
          active: true,
          title: 'Engineer',
          nickName: 'x'.repeat(300),
          roles: [{ value: 'lead' }, { display: 'no value' }],
          [enterprise]: { department: 'payments', manager: { value: '7' } },
        },
        madeHere: true,
        lockedHere: false,
      });
      const group = await tx.rules.groupOf('payers');
      const match = 'user.attributes.a == "b"';
      const members = [
        { kind: 'User', uid },
        { kind: 'Group', uid: group.uid, match },
      ];
      await tx.plain('Team').put({ name: 'payers', labels: {}, spec: { members, owns: [] } });
      await tx.rules.replace(group, [{ match, reads: ['a:a'], matchesBlank: false }]);
      await tx.rules.give([{ groupUid: group.uid, userUid: uid, match }]);
      return { record };
    });

    const before = await dumpSchema(db.database);
    const migration = new TeamRules1795473210000();
    await migration.down(owner.createQueryRunner());
    expect(await db.database.query('SELECT name FROM groups')).toEqual([]);
    expect(
      await db.database.query(
        `SELECT spec -> 'members' AS members FROM policy_objects WHERE kind = 'Team'`,
      ),
    ).toEqual([{ members: [{ kind: 'User', uid }] }]);

    await migration.up(owner.createQueryRunner());
    expect(await dumpSchema(db.database)).toEqual(before);
    expect(await db.database.query('SELECT attributes, given_attributes FROM users')).toEqual([
      {
        attributes: {},
        given_attributes: {
          'scim:corp': { title: 'Engineer', department: 'payments', roles: ['lead'] },
        },
      },
    ]);
  } finally {
    await owner.destroy();
    await db.close();
  }
});
