import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A table for objects of kinds that need none of their own, and a history that takes every kind. */
export class PlainObjects1795471080000 implements MigrationInterface {
  readonly name = 'PlainObjects1795471080000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE policy_changes DROP CONSTRAINT policy_changes_kind_check;
ALTER TABLE policy_changes ADD CONSTRAINT policy_changes_kind_check CHECK (kind ~ '^[A-Z][A-Za-z]{0,62}$') NOT VALID;

CREATE TABLE policy_objects (
  uid text PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[A-Z][A-Za-z]{0,62}$'),
  name text COLLATE "C" NOT NULL,
  spec jsonb NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (kind, name)
) WITH (fillfactor = 90);
CREATE INDEX policy_objects_labels ON policy_objects USING gin (labels jsonb_path_ops)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE policy_objects;
ALTER TABLE policy_changes DROP CONSTRAINT policy_changes_kind_check;
ALTER TABLE policy_changes ADD CONSTRAINT policy_changes_kind_check
  CHECK (kind IN ('User', 'Group', 'Membership', 'Role', 'Grant', 'Cluster', 'Agent', 'ApiToken')) NOT VALID`);
  }
}
