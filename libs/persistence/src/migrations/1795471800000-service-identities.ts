import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Service identities: subjects of grants, and the tokens of other issuers that let them in, each once in its life. */
export class ServiceIdentities1795471800000 implements MigrationInterface {
  readonly name = 'ServiceIdentities1795471800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE used_tokens (
  principal_uid text NOT NULL,
  token bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (principal_uid, token)
);
CREATE INDEX used_tokens_by_end ON used_tokens (expires_at);

ALTER TABLE grant_subjects ADD COLUMN service_uid text REFERENCES policy_objects;
ALTER TABLE grant_subjects DROP CONSTRAINT grant_subjects_check;
ALTER TABLE grant_subjects ADD CONSTRAINT grant_subjects_check
  CHECK (num_nonnulls(user_uid, group_uid, service_uid) = 1);
CREATE INDEX grant_subjects_service ON grant_subjects (service_uid) WHERE service_uid IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE used_tokens;
DELETE FROM grant_subjects WHERE service_uid IS NOT NULL;
ALTER TABLE grant_subjects DROP CONSTRAINT grant_subjects_check;
ALTER TABLE grant_subjects DROP COLUMN service_uid;
ALTER TABLE grant_subjects ADD CONSTRAINT grant_subjects_check CHECK (num_nonnulls(user_uid, group_uid) = 1)`);
  }
}
