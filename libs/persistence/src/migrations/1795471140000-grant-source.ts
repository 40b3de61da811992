import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Grants know the way in by which they came; those that are there came through the API, and those of older programs do. */
export class GrantSource1795471140000 implements MigrationInterface {
  readonly name = 'GrantSource1795471140000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE grants ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT 'api'
  CHECK (source ~ '^[a-z]{1,32}(/[A-Za-z0-9._-]{1,128})?$')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE grants DROP COLUMN source');
  }
}
