import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The history of the policy is asked who had a name at a revision, which objects of a kind there were, and who was in which
 * group. `uid` of a membership is `GROUP/USER`.
 */
export class HistoryByName1795473230000 implements MigrationInterface {
  readonly name = 'HistoryByName1795473230000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE INDEX policy_changes_named ON policy_changes (kind, name, revision) INCLUDE (uid)
  WHERE kind <> 'Membership' AND kind <> 'LeftGroup';
CREATE INDEX policy_changes_in_group ON policy_changes (split_part(uid, '/', 1), revision) WHERE kind = 'Membership';
CREATE INDEX policy_changes_of_user ON policy_changes (split_part(uid, '/', 2), revision) WHERE kind = 'Membership'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP INDEX policy_changes_named, policy_changes_in_group, policy_changes_of_user',
    );
  }
}
