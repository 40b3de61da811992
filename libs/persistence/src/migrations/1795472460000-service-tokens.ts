import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A static token of a service identity is a session that lasts long and has a name. `warned_days`: how many days before its
 * end that was told last.
 */
export class ServiceTokens1795472460000 implements MigrationInterface {
  readonly name = 'ServiceTokens1795472460000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE sessions ADD COLUMN token_name text CHECK (token_name IS NULL OR principal_kind = 'ServiceIdentity');
ALTER TABLE sessions ADD COLUMN warned_days integer;
CREATE INDEX sessions_static ON sessions (principal_uid, token_name) WHERE token_name IS NOT NULL AND ended_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP INDEX sessions_static;
ALTER TABLE sessions DROP COLUMN token_name;
ALTER TABLE sessions DROP COLUMN warned_days`);
  }
}
