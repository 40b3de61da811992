import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which rules of its identity a session of a pipeline began, so that the end of these rules ends it. */
export class LetInBy1795472520000 implements MigrationInterface {
  readonly name = 'LetInBy1795472520000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions ADD COLUMN let_in_by jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP COLUMN let_in_by');
  }
}
