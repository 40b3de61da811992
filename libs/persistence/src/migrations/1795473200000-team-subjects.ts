import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Teams are subjects of grants. A team that a grant names stays. */
export class TeamSubjects1795473200000 implements MigrationInterface {
  readonly name = 'TeamSubjects1795473200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE grant_subjects ADD COLUMN team_uid text REFERENCES policy_objects;
ALTER TABLE grant_subjects DROP CONSTRAINT grant_subjects_check;
ALTER TABLE grant_subjects ADD CONSTRAINT grant_subjects_check
  CHECK (num_nonnulls(user_uid, group_uid, service_uid, team_uid) = 1);
CREATE INDEX grant_subjects_team ON grant_subjects (team_uid) WHERE team_uid IS NOT NULL`);
  }

  /** A grant for nobody goes, and one of what teams own: a program that knows no teams could read it as it likes. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DELETE FROM grant_subjects WHERE team_uid IS NOT NULL
  OR grant_uid IN (SELECT uid FROM grants WHERE namespaces ->> 'type' = 'owned');
DELETE FROM grant_clusters c WHERE NOT EXISTS (SELECT FROM grant_subjects s WHERE s.grant_uid = c.grant_uid);
DELETE FROM grants g WHERE NOT EXISTS (SELECT FROM grant_subjects s WHERE s.grant_uid = g.uid);
ALTER TABLE grant_subjects DROP CONSTRAINT grant_subjects_check;
ALTER TABLE grant_subjects DROP COLUMN team_uid;
ALTER TABLE grant_subjects ADD CONSTRAINT grant_subjects_check
  CHECK (num_nonnulls(user_uid, group_uid, service_uid) = 1)`);
  }
}
