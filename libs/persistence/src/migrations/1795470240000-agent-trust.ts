import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Join tokens that are proved instead of shown, and certificates that end when another of their agent is used. */
export class AgentTrust1795470240000 implements MigrationInterface {
  readonly name = 'AgentTrust1795470240000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE join_tokens ADD COLUMN proof_key bytea;
ALTER TABLE agent_certificates ADD COLUMN superseded_at timestamptz, ADD COLUMN renewed_by text;
UPDATE agent_certificates x SET superseded_at = now() WHERE EXISTS (
  SELECT 1 FROM agent_certificates y WHERE y.agent_uid = x.agent_uid AND y.issued_order > x.issued_order
    AND y.completed_hello_at IS NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE agent_certificates DROP COLUMN superseded_at, DROP COLUMN renewed_by;
ALTER TABLE join_tokens DROP COLUMN proof_key`);
  }
}
