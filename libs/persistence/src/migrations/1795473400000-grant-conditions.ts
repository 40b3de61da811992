import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Conditions of grants. Those of the subjects of a grant for whom its condition holds are the members of a group of its own, one
 * for each of the values that labels of clusters have which it reads. `reads` and `subjects` find the conditions that a change of
 * a person concerns; `subjects` are uids of people and groups, where teams stand for those whom they name.
 */
export class GrantConditions1795473400000 implements MigrationInterface {
  readonly name = 'GrantConditions1795473400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE grants ADD COLUMN match text;
CREATE INDEX grants_match ON grants (uid) WHERE match IS NOT NULL;
CREATE TABLE grant_conditions (
  group_uid text PRIMARY KEY REFERENCES groups ON DELETE CASCADE,
  grant_uid text NOT NULL REFERENCES grants ON DELETE CASCADE,
  labels jsonb NOT NULL,
  match text NOT NULL,
  reads text[] NOT NULL,
  subjects text[] NOT NULL
);
CREATE INDEX grant_conditions_grant ON grant_conditions (grant_uid);
CREATE INDEX grant_conditions_reads ON grant_conditions USING gin (reads);
CREATE INDEX grant_conditions_subjects ON grant_conditions USING gin (subjects);
CREATE TABLE grant_condition_faults (
  group_uid text NOT NULL REFERENCES grant_conditions ON DELETE CASCADE,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  problem text NOT NULL,
  PRIMARY KEY (group_uid, user_uid)
);
CREATE INDEX grant_condition_faults_user ON grant_condition_faults (user_uid)`);
  }

  /** A program that knows no conditions would give such a grant to everybody whom it names. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE grant_condition_faults, grant_conditions;
DELETE FROM grant_subjects WHERE grant_uid IN (SELECT uid FROM grants WHERE match IS NOT NULL);
DELETE FROM grant_clusters WHERE grant_uid IN (SELECT uid FROM grants WHERE match IS NOT NULL);
DELETE FROM grants WHERE match IS NOT NULL;
DELETE FROM group_members WHERE group_uid IN (SELECT uid FROM groups WHERE name LIKE 'when.%');
DELETE FROM groups WHERE name LIKE 'when.%';
ALTER TABLE grants DROP COLUMN match`);
  }
}
