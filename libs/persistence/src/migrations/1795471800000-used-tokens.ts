import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens of other issuers that let a service identity in: each of them does so once in its life. */
export class UsedTokens1795471800000 implements MigrationInterface {
  readonly name = 'UsedTokens1795471800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE used_tokens (
  principal_uid text NOT NULL,
  token bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (principal_uid, token)
);
CREATE INDEX used_tokens_by_end ON used_tokens (expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE used_tokens');
  }
}
