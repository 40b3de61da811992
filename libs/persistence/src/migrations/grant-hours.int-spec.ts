import { expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import { DataSource } from 'typeorm';
import { dumpSchema } from '../dump-schema.ts';
import { GrantConditions1795473400000 } from './1795473400000-grant-conditions.ts';
import { GrantHours1795473300000 } from './1795473300000-grant-hours.ts';

test('undone, it leaves no grant with hours, which would hold at all hours, and can be done again', async () => {
  const db = await testDatabase();
  const owner = await new DataSource({ type: 'postgres', url: db.ownerUrl }).initialize();
  try {
    const policy = new PolicyWriter(db.database);
    const ada = { kind: 'User', uid: (await policy.user('ada')).uid } as const;
    const { uid } = await policy.cluster('c1');
    const scope = {
      clusters: { type: 'names', uids: [uid] },
      namespaces: { type: 'names', names: ['pay'] },
    } as const;
    const hours = [{ days: ['Mon'], from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' }];
    await policy.grant('always', [ada], { scope });
    await policy.grant('hourly', [ada], { scope, hours });

    const before = await dumpSchema(db.database);
    // The later one is undone first, as ever.
    const [later, migration] = [new GrantConditions1795473400000(), new GrantHours1795473300000()];
    await later.down(owner.createQueryRunner());
    await migration.down(owner.createQueryRunner());
    const left = await db.database.query(
      `SELECT g.name, s.user_uid, c.cluster_uid FROM grants g
       JOIN grant_subjects s ON s.grant_uid = g.uid JOIN grant_clusters c ON c.grant_uid = g.uid`,
    );
    expect(left).toEqual([{ name: 'always', user_uid: ada.uid, cluster_uid: uid }]);
    await migration.up(owner.createQueryRunner());
    await later.up(owner.createQueryRunner());
    expect(await dumpSchema(db.database)).toBe(before);
  } finally {
    await owner.destroy();
    await db.close();
  }
});
