import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The installation, the policy and its history, and the roles that exist from the start. */
export class Policy1795470000000 implements MigrationInterface {
  readonly name = 'Policy1795470000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE EXTENSION IF NOT EXISTS pg_trgm`);
    await runner.query(`
CREATE TABLE installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  uid text NOT NULL,
  compiler_version integer NOT NULL,
  state_epoch bigint NOT NULL,
  ca_fingerprint text NOT NULL,
  state_key_fingerprint text NOT NULL,
  epoch_key_fingerprint text NOT NULL,
  bootstrapped_at timestamptz,
  explained_from bigint NOT NULL DEFAULT 0,
  epoch_raise bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE policy_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  revision bigint NOT NULL
);

CREATE TABLE policy_changes (
  revision bigint NOT NULL,
  ordinal integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('User', 'Group', 'Membership', 'Role', 'Grant', 'Cluster', 'Agent', 'ApiToken')),
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  op text NOT NULL CHECK (op IN ('put', 'delete', 'revoke')),
  object jsonb,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (revision, ordinal),
  CHECK ((op = 'put') = (object IS NOT NULL))
);
CREATE INDEX policy_changes_uid ON policy_changes (uid, revision);

CREATE TABLE users (
  uid text PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  display_name text,
  active boolean NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX users_labels ON users USING gin (labels jsonb_path_ops);
CREATE INDEX users_search ON users USING gin (name gin_trgm_ops, display_name gin_trgm_ops);

CREATE TABLE groups (
  uid text PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  display_name text,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX groups_labels ON groups USING gin (labels jsonb_path_ops);
CREATE INDEX groups_search ON groups USING gin (name gin_trgm_ops, display_name gin_trgm_ops);

CREATE TABLE group_members (
  group_uid text NOT NULL REFERENCES groups,
  user_uid text NOT NULL REFERENCES users,
  PRIMARY KEY (group_uid, user_uid)
);
CREATE INDEX group_members_user ON group_members (user_uid);

CREATE TABLE roles (
  uid text PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  description text,
  cluster_role text,
  rules jsonb,
  built_in boolean NOT NULL DEFAULT false,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL,
  CHECK (num_nonnulls(cluster_role, rules) = 1)
) WITH (fillfactor = 90);
CREATE INDEX roles_labels ON roles USING gin (labels jsonb_path_ops);
CREATE INDEX roles_search ON roles USING gin (name gin_trgm_ops, description gin_trgm_ops);

CREATE TABLE clusters (
  uid text PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  subject_mode text NOT NULL CHECK (subject_mode IN ('Users', 'Groups')),
  user_prefix text NOT NULL,
  kube_system_uid text,
  removed_at timestamptz,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX clusters_name ON clusters (name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX clusters_kube_system ON clusters (kube_system_uid) WHERE removed_at IS NULL;
CREATE INDEX clusters_labels ON clusters USING gin (labels jsonb_path_ops);
CREATE INDEX clusters_search ON clusters USING gin (name gin_trgm_ops);

CREATE TABLE grants (
  uid text PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  role_uid text NOT NULL REFERENCES roles,
  clusters_scope text NOT NULL CHECK (clusters_scope IN ('names', 'selector', 'all')),
  cluster_selector jsonb,
  namespaces jsonb NOT NULL,
  not_before timestamptz,
  until timestamptz,
  reason text,
  ended boolean NOT NULL DEFAULT false,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL,
  CHECK ((clusters_scope = 'selector') = (cluster_selector IS NOT NULL)),
  CHECK (until IS NOT NULL OR NOT ended)
) WITH (fillfactor = 90);
CREATE INDEX grants_role ON grants (role_uid);
CREATE INDEX grants_until ON grants (until) WHERE until IS NOT NULL AND NOT ended;
CREATE INDEX grants_labels ON grants USING gin (labels jsonb_path_ops);
CREATE INDEX grants_search ON grants USING gin (name gin_trgm_ops, reason gin_trgm_ops);

CREATE TABLE grant_subjects (
  grant_uid text NOT NULL REFERENCES grants,
  ordinal integer NOT NULL,
  user_uid text REFERENCES users,
  group_uid text REFERENCES groups,
  PRIMARY KEY (grant_uid, ordinal),
  CHECK (num_nonnulls(user_uid, group_uid) = 1)
);
CREATE INDEX grant_subjects_user ON grant_subjects (user_uid) WHERE user_uid IS NOT NULL;
CREATE INDEX grant_subjects_group ON grant_subjects (group_uid) WHERE group_uid IS NOT NULL;

CREATE TABLE grant_clusters (
  grant_uid text NOT NULL REFERENCES grants,
  cluster_uid text NOT NULL REFERENCES clusters,
  PRIMARY KEY (grant_uid, cluster_uid)
);
CREATE INDEX grant_clusters_cluster ON grant_clusters (cluster_uid)`);
    await runner.query(`
INSERT INTO policy_head (revision) VALUES (1);

INSERT INTO roles (uid, name, description, cluster_role, built_in, labels, annotations, generation, revision, created_at)
VALUES
  ('00000000-0000-7000-8000-000000000001', 'view', 'Kubernetes'' own role view', 'view', true, '{}', '{}', 1, 1, now()),
  ('00000000-0000-7000-8000-000000000002', 'edit', 'Kubernetes'' own role edit', 'edit', true, '{}', '{}', 1, 1, now()),
  ('00000000-0000-7000-8000-000000000003', 'admin', 'Kubernetes'' own role admin', 'admin', true, '{}', '{}', 1, 1, now());

INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
SELECT 1, row_number() OVER (ORDER BY uid) - 1, 'Role', uid, name, 'put',
  jsonb_build_object('kind', 'Role', 'uid', uid, 'name', name, 'labels', labels, 'clusterRole', cluster_role),
  'system/migration', now()
FROM roles`);
  }

  async down(): Promise<void> {
    throw new Error('the first migration is not undone: drop the database instead');
  }
}
