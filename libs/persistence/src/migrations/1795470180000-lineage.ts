import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What tells a database from its restored copy that went on differently: a random lineage per revision. While an agent
 * proved to hold more than the database knows, `frozen_at` keeps the head where it is.
 */
export class Lineage1795470180000 implements MigrationInterface {
  readonly name = 'Lineage1795470180000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE policy_lineage (
  revision bigint PRIMARY KEY,
  lineage bytea NOT NULL
);
INSERT INTO policy_lineage (revision, lineage) SELECT revision, uuid_send(gen_random_uuid()) FROM policy_head;

ALTER TABLE policy_head
  ADD COLUMN frozen_at bigint,
  ADD CONSTRAINT policy_head_state_ahead CHECK (revision <= frozen_at);

CREATE TABLE states_ahead (
  holder text PRIMARY KEY,
  cluster text COLLATE "C",
  held_epoch bigint NOT NULL,
  held_revision bigint NOT NULL,
  state_epoch bigint NOT NULL,
  revision bigint NOT NULL,
  proved_at timestamptz NOT NULL
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE states_ahead, policy_lineage;
ALTER TABLE policy_head DROP COLUMN frozen_at`);
  }
}
