import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The newest state that an agent was offered, whether or not it took it: a replica that starts later knows by it that a
 * cluster whose agent refuses a state does not hold what it should.
 */
export class OfferedRevision1795471620000 implements MigrationInterface {
  readonly name = 'OfferedRevision1795471620000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cluster_sync ADD COLUMN offered_revision bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cluster_sync DROP COLUMN offered_revision');
  }
}
