import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What happened, by day of arrival, and how far each agent's spool was read. */
export class Audit1795470120000 implements MigrationInterface {
  readonly name = 'Audit1795470120000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE SEQUENCE audit_position AS bigint CACHE 1;

CREATE TABLE audit_events (
  position bigint NOT NULL DEFAULT nextval('audit_position'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  received_at timestamptz NOT NULL,
  type text NOT NULL,
  actor text NOT NULL,
  cluster text,
  object_kind text,
  object_name text,
  event jsonb NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX audit_events_time ON audit_events (received_at, position);
CREATE INDEX audit_events_commit ON audit_events (xid, position);
CREATE INDEX audit_events_object ON audit_events (object_kind, object_name, received_at) WHERE object_name IS NOT NULL;
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;

CREATE TABLE audit_cursor (
  cluster_uid text NOT NULL REFERENCES clusters,
  spool_epoch text NOT NULL,
  last_seq bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (cluster_uid, spool_epoch)
)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_cursor, audit_events; DROP SEQUENCE audit_position`);
  }
}
