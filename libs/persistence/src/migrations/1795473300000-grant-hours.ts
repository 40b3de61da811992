import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Hours of grants, with the windows that are laid out for them and when the next have to be. */
export class GrantHours1795473300000 implements MigrationInterface {
  readonly name = 'GrantHours1795473300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE grants ADD COLUMN hours jsonb;
ALTER TABLE grants ADD COLUMN windows jsonb;
ALTER TABLE grants ADD COLUMN windows_due timestamptz;
ALTER TABLE grants ADD CONSTRAINT grants_windows CHECK ((hours IS NULL) = (windows IS NULL));
CREATE INDEX grants_windows_due ON grants (windows_due) WHERE windows_due IS NOT NULL AND NOT ended`);
  }

  /** A grant with hours goes: a program that knows none would give it at all hours. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DELETE FROM grant_subjects s USING grants g WHERE g.uid = s.grant_uid AND g.hours IS NOT NULL;
DELETE FROM grant_clusters c USING grants g WHERE g.uid = c.grant_uid AND g.hours IS NOT NULL;
DELETE FROM grants WHERE hours IS NOT NULL;
ALTER TABLE grants DROP COLUMN hours;
ALTER TABLE grants DROP COLUMN windows;
ALTER TABLE grants DROP COLUMN windows_due`);
  }
}
