import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How people get into a cluster, and the keys that sign what they get in with; private halves are sealed. */
export class Issuer1795471740000 implements MigrationInterface {
  readonly name = 'Issuer1795471740000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE clusters ADD COLUMN access jsonb;
CREATE TABLE issuer_keys (
  kid text PRIMARY KEY,
  public_key jsonb NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  signs_from timestamptz NOT NULL
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE issuer_keys');
    await runner.query('ALTER TABLE clusters DROP COLUMN access');
  }
}
