import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who left groups lately is read from the history when a replica starts. */
export class LeftGroups1795472400000 implements MigrationInterface {
  readonly name = 'LeftGroups1795472400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX policy_changes_left ON policy_changes (at) WHERE kind = 'LeftGroup'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX policy_changes_left');
  }
}
