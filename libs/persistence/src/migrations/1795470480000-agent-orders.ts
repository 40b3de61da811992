import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders to agents, in the feed: whichever replica holds the stream of the cluster gives them on. */
export class AgentOrders1795470480000 implements MigrationInterface {
  readonly name = 'AgentOrders1795470480000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE agent_orders (
  revision bigint NOT NULL,
  cluster_uid text NOT NULL,
  word text NOT NULL CHECK (word IN ('release_removals', 'release_gains')),
  PRIMARY KEY (revision, cluster_uid, word)
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE agent_orders');
  }
}
