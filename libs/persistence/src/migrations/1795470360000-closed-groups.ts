import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom a group is closed to, and whom tokens of the role sync took away lately. */
export class ClosedGroups1795470360000 implements MigrationInterface {
  readonly name = 'ClosedGroups1795470360000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE groups ADD COLUMN closed_to text[];

CREATE TABLE sync_removals (
  scope text NOT NULL,
  user_uid text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (scope, user_uid)
);
CREATE INDEX sync_removals_at ON sync_removals (at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE sync_removals;
ALTER TABLE groups DROP COLUMN closed_to`);
  }
}
