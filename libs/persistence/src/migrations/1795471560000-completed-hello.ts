import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The certificate whose Hello an agent completed last stands in the agent's own row: whoever locks the row and finds
 * another certificate there knows that its own is superseded, in one statement.
 */
export class CompletedHello1795471560000 implements MigrationInterface {
  readonly name = 'CompletedHello1795471560000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE agents ADD COLUMN hello_fingerprint text;
UPDATE agents a SET hello_fingerprint = (
  SELECT x.fingerprint FROM agent_certificates x
  WHERE x.agent_uid = a.uid AND x.completed_hello_at IS NOT NULL AND x.superseded_at IS NULL
  ORDER BY x.issued_order DESC LIMIT 1)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE agents DROP COLUMN hello_fingerprint');
  }
}
