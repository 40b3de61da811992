import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which ceiling a cluster has, by what it says: worked out when it is written, not for each question about a thousand. */
export class CeilingVersion1795472900000 implements MigrationInterface {
  readonly name = 'CeilingVersion1795472900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE cluster_sync ADD COLUMN ceiling_version text GENERATED ALWAYS AS (md5(ceiling::text)) STORED',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cluster_sync DROP COLUMN ceiling_version');
  }
}
