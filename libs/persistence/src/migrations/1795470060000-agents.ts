import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Enrolment, certificates, API tokens and what clusters report about themselves. */
export class Agents1795470060000 implements MigrationInterface {
  readonly name = 'Agents1795470060000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE api_tokens (
  uid text PRIMARY KEY,
  id text NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL,
  hash bytea NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'sync', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE join_tokens (
  id text PRIMARY KEY,
  cluster_uid text NOT NULL REFERENCES clusters,
  secret_hash bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX join_tokens_cluster ON join_tokens (cluster_uid);

CREATE TABLE agents (
  uid text PRIMARY KEY,
  cluster_uid text NOT NULL REFERENCES clusters,
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  enrolled_order bigint GENERATED ALWAYS AS IDENTITY,
  revoked_at timestamptz,
  revoked_because text
);
CREATE INDEX agents_cluster ON agents (cluster_uid);

CREATE TABLE agent_certificates (
  fingerprint text PRIMARY KEY,
  agent_uid text NOT NULL REFERENCES agents,
  serial text NOT NULL UNIQUE,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  issued_order bigint GENERATED ALWAYS AS IDENTITY,
  completed_hello_at timestamptz
);
CREATE INDEX agent_certificates_agent ON agent_certificates (agent_uid, issued_order);

CREATE TABLE renew_nonces (
  nonce_hash bytea PRIMARY KEY,
  fingerprint text NOT NULL REFERENCES agent_certificates,
  expires_at timestamptz NOT NULL
);
CREATE INDEX renew_nonces_certificate ON renew_nonces (fingerprint);

CREATE TABLE cluster_sync (
  cluster_uid text PRIMARY KEY REFERENCES clusters,
  state_epoch bigint NOT NULL,
  session_epoch bigint NOT NULL,
  replica text,
  connected_at timestamptz,
  disconnected_at timestamptz,
  accepted_revision bigint,
  applied_revision bigint,
  root bytea,
  results jsonb,
  agent_version text,
  kubernetes_version text,
  ceiling jsonb,
  ceiling_digest text,
  conditions text[] NOT NULL DEFAULT '{}',
  last_seen_at timestamptz
) WITH (fillfactor = 70);

CREATE TABLE cluster_roles (
  cluster_uid text NOT NULL REFERENCES clusters,
  name text COLLATE "C" NOT NULL,
  rules jsonb NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (cluster_uid, name)
);

CREATE TABLE cluster_namespaces (
  cluster_uid text NOT NULL REFERENCES clusters,
  name text COLLATE "C" NOT NULL,
  labels jsonb NOT NULL,
  phase text NOT NULL,
  PRIMARY KEY (cluster_uid, name)
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE cluster_namespaces, cluster_roles, cluster_sync, renew_nonces, agent_certificates, agents, join_tokens, api_tokens`);
  }
}
