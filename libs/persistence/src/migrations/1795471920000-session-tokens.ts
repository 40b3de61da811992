import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Until when tokens of a session last that webhooks of clusters judge, so that only an end which concerns one is told to
 * them; of sessions from before, any may be about. And how many sessions a principal began lately is found by an index.
 */
export class SessionTokens1795471920000 implements MigrationInterface {
  readonly name = 'SessionTokens1795471920000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE sessions ADD COLUMN token_until timestamptz;
UPDATE sessions SET token_until = greatest(expires_at, ended_at);
CREATE INDEX sessions_begun ON sessions (principal_uid, created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX sessions_begun; ALTER TABLE sessions DROP COLUMN token_until');
  }
}
