import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sessions of people and programs: who came in, by which way, until when, and why it ended. */
export class Sessions1795471680000 implements MigrationInterface {
  readonly name = 'Sessions1795471680000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE sessions (
  uid text PRIMARY KEY,
  id text NOT NULL UNIQUE,
  hash bytea NOT NULL,
  principal_kind text NOT NULL CHECK (principal_kind IN ('User', 'ServiceIdentity')),
  principal_uid text NOT NULL,
  principal_name text NOT NULL,
  signed_in_by text NOT NULL,
  address text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz,
  ended_at timestamptz,
  ended_because text
);
CREATE INDEX sessions_by_principal ON sessions (principal_uid) WHERE ended_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sessions');
  }
}
