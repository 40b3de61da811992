import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the API server of each cluster serves: read and replaced whole, so it is one row a cluster. `staged` is what came
 * of a list that is not whole yet.
 */
export class ClusterResources1795470510000 implements MigrationInterface {
  readonly name = 'ClusterResources1795470510000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE cluster_resources (
  cluster_uid text PRIMARY KEY REFERENCES clusters,
  items jsonb,
  hash text,
  staged jsonb
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cluster_resources');
  }
}
