import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sign-in of people: passwords and one-time codes of local users, attempts and how long the next one waits, and what the
 * OAuth server keeps. Whatever lets somebody in is kept as its SHA-256.
 */
export class SignIn1795471860000 implements MigrationInterface {
  readonly name = 'SignIn1795471860000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE local_credentials (
  user_uid text PRIMARY KEY REFERENCES users (uid) ON DELETE CASCADE,
  password_hash text,
  totp_secret bytea,
  last_totp_step bigint,
  set_up_hash bytea UNIQUE,
  set_up_until timestamptz
);
CREATE TABLE sign_in_attempts (
  key bytea PRIMARY KEY,
  count integer NOT NULL,
  last_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL
);
CREATE TABLE sign_in_records (
  model text NOT NULL,
  id bytea NOT NULL,
  handle bytea,
  grant_id text,
  payload jsonb NOT NULL,
  consumed_at timestamptz,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (model, id)
);
CREATE UNIQUE INDEX sign_in_records_by_handle ON sign_in_records (model, handle) WHERE handle IS NOT NULL;
CREATE INDEX sign_in_records_by_grant ON sign_in_records (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX sign_in_records_by_end ON sign_in_records (expires_at);
CREATE TABLE sign_in_key (
  is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
  fingerprint text NOT NULL
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE sign_in_key, sign_in_records, sign_in_attempts, local_credentials',
    );
  }
}
