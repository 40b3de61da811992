import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Where memberships come from. `local`: somebody wrote it into the group. Every other source that gives it has a row beside
 * it; a membership lasts as long as any of them gives it.
 */
export class MembershipSources1795472100000 implements MigrationInterface {
  readonly name = 'MembershipSources1795472100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE group_members ADD COLUMN local boolean NOT NULL DEFAULT true;
CREATE TABLE given_memberships (
  group_uid text NOT NULL,
  user_uid text NOT NULL,
  source text NOT NULL CHECK (source <> 'local'),
  PRIMARY KEY (group_uid, user_uid, source),
  FOREIGN KEY (group_uid, user_uid) REFERENCES group_members ON DELETE CASCADE
);
CREATE INDEX given_memberships_source ON given_memberships (source, user_uid)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE given_memberships; ALTER TABLE group_members DROP COLUMN local');
  }
}
