import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What one replica asks of an agent whose stream is at another one. Both halves are sealed, and go when they are read or
 * after a minute.
 */
export class CredentialRequests1795471980000 implements MigrationInterface {
  readonly name = 'CredentialRequests1795471980000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE credential_requests (
  id text PRIMARY KEY,
  cluster_uid text NOT NULL,
  request bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  taken_at timestamptz,
  answer bytea
);
CREATE INDEX credential_requests_open ON credential_requests (cluster_uid) WHERE taken_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE credential_requests');
  }
}
