import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What directories say of people and groups. A person or group is known to a directory by its own id there, so names may
 * change. `made_here`: the object is there because this directory named it. `locked_here`: this directory took the access of
 * the person, and nobody else. What was known by `external_ids` is known here; nothing had written it yet.
 */
export class Directories1795473100000 implements MigrationInterface {
  readonly name = 'Directories1795473100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE external_ids;
CREATE TABLE directory_users (
  provider_uid text NOT NULL REFERENCES policy_objects ON DELETE CASCADE,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  user_name text NOT NULL,
  external_id text,
  attributes jsonb NOT NULL,
  made_here boolean NOT NULL,
  locked_here boolean NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (provider_uid, user_uid),
  UNIQUE (provider_uid, external_id)
);
CREATE UNIQUE INDEX directory_users_name ON directory_users (provider_uid, lower(user_name));
CREATE INDEX directory_users_user ON directory_users (user_uid);
CREATE TABLE directory_groups (
  provider_uid text NOT NULL REFERENCES policy_objects ON DELETE CASCADE,
  group_uid text NOT NULL REFERENCES groups ON DELETE CASCADE,
  display_name text NOT NULL,
  external_id text,
  made_here boolean NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (provider_uid, group_uid),
  UNIQUE (provider_uid, external_id)
);
CREATE UNIQUE INDEX directory_groups_name ON directory_groups (provider_uid, lower(display_name));
CREATE INDEX directory_groups_group ON directory_groups (group_uid);
CREATE TABLE directory_removals (
  provider_uid text NOT NULL REFERENCES policy_objects ON DELETE CASCADE,
  scope text NOT NULL,
  user_uid text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (provider_uid, scope, user_uid)
);
CREATE TABLE directories (
  provider_uid text PRIMARY KEY REFERENCES policy_objects ON DELETE CASCADE,
  last_call_at timestamptz,
  last_error_at timestamptz,
  last_error text,
  stopped_at timestamptz,
  stopped_because text,
  resumed_until timestamptz
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE directories, directory_removals, directory_groups, directory_users;
CREATE TABLE external_ids (
  provider_uid text NOT NULL REFERENCES policy_objects ON DELETE CASCADE,
  external_id text NOT NULL,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (provider_uid, external_id)
);
CREATE INDEX external_ids_user ON external_ids (user_uid)`);
  }
}
