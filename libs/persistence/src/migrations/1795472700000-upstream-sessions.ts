import type { MigrationInterface, QueryRunner } from 'typeorm';

/** With which sign-in at a provider a session began, so that the end of that one there ends it. */
export class UpstreamSessions1795472700000 implements MigrationInterface {
  readonly name = 'UpstreamSessions1795472700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE sessions ADD COLUMN upstream_session text;
CREATE INDEX sessions_by_upstream ON sessions (upstream_session) WHERE ended_at IS NULL AND upstream_session IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP COLUMN upstream_session');
  }
}
