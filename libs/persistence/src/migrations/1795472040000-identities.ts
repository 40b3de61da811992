import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who people are at the providers they sign in with. An identity stays with the person it was linked to, also once it is
 * unlinked; the provider goes when it is deleted. What a provider's directory calls a person is known once it says so.
 * And sessions name the identity that they began with.
 */
export class Identities1795472040000 implements MigrationInterface {
  readonly name = 'Identities1795472040000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE identities (
  uid text PRIMARY KEY,
  issuer text NOT NULL,
  subject text NOT NULL,
  provider_uid text REFERENCES policy_objects ON DELETE SET NULL,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  linked_by text NOT NULL CHECK (linked_by IN ('ExternalId', 'Email', 'OnSignIn')),
  linked_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  unlinked_at timestamptz,
  UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_uid);
CREATE INDEX identities_provider ON identities (provider_uid);
CREATE TABLE external_ids (
  provider_uid text NOT NULL REFERENCES policy_objects ON DELETE CASCADE,
  external_id text NOT NULL,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (provider_uid, external_id)
);
CREATE INDEX external_ids_user ON external_ids (user_uid);
ALTER TABLE sessions ADD COLUMN identity_uid text;
CREATE INDEX sessions_by_identity ON sessions (identity_uid) WHERE ended_at IS NULL AND identity_uid IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP INDEX sessions_by_identity;
ALTER TABLE sessions DROP COLUMN identity_uid;
DROP TABLE external_ids, identities`);
  }
}
