import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose word each audit event is. What was stored before, and by a replica of the version before, does not say. */
export class AuditReporter1795470300000 implements MigrationInterface {
  readonly name = 'AuditReporter1795470300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE audit_events ADD COLUMN reported_by text NOT NULL DEFAULT 'unknown'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE audit_events DROP COLUMN reported_by`);
  }
}
