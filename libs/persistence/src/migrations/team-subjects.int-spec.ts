import { expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import { DataSource } from 'typeorm';
import { dumpSchema } from '../dump-schema.ts';
import { TeamSubjects1795473200000 } from './1795473200000-team-subjects.ts';

test('undone, it leaves no grant for nobody and none of what teams own, and can be done again', async () => {
  const db = await testDatabase();
  const owner = await new DataSource({ type: 'postgres', url: db.ownerUrl }).initialize();
  try {
    const policy = new PolicyWriter(db.database);
    const ada = { kind: 'User', uid: (await policy.user('ada')).uid } as const;
    const cluster = await policy.cluster('c1');
    const { value } = await policy.change((tx) =>
      tx.plain('Team').put({ name: 'payers', labels: {}, spec: { members: [], owns: [] } }),
    );
    const team = { kind: 'Team', uid: value.record.uid } as const;
    const clusters = { type: 'names', uids: [cluster.uid] } as const;
    const named = { clusters, namespaces: { type: 'names', names: ['pay'] } } as const;
    const owned = { clusters, namespaces: { type: 'owned' } } as const;
    await policy.grant('to-ada', [ada], { scope: named });
    await policy.grant('to-both', [team, ada], { scope: named });
    await policy.grant('to-team', [team], { scope: named });
    await policy.grant('of-owned', [team], { scope: owned });
    await policy.grant('of-owned-to-ada', [ada], { scope: owned });

    const before = await dumpSchema(db.database);
    const migration = new TeamSubjects1795473200000();
    await migration.down(owner.createQueryRunner());
    const left = await db.database.query(
      `SELECT g.name, s.user_uid, c.cluster_uid FROM grants g
       LEFT JOIN grant_subjects s ON s.grant_uid = g.uid LEFT JOIN grant_clusters c ON c.grant_uid = g.uid
       ORDER BY g.name`,
    );
    expect(left).toEqual(
      ['to-ada', 'to-both'].map((name) => ({
        name,
        user_uid: ada.uid,
        cluster_uid: cluster.uid,
      })),
    );
    await migration.up(owner.createQueryRunner());
    expect(await dumpSchema(db.database)).toBe(before);
  } finally {
    await owner.destroy();
    await db.close();
  }
});
