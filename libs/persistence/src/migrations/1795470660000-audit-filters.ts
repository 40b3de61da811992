import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An index for each question that GET audit/events takes. Those of one value give the newest first without sorting; names
 * stand in lists, which an inverted index answers. Text has none: its trigrams would cost more than the rest of an event.
 */
export class AuditFilters1795470660000 implements MigrationInterface {
  readonly name = 'AuditFilters1795470660000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE INDEX audit_events_actor ON audit_events (actor, received_at, position);
CREATE INDEX audit_events_cluster ON audit_events (cluster, received_at, position) WHERE cluster IS NOT NULL;
CREATE INDEX audit_events_type ON audit_events (type, received_at, position);
CREATE INDEX audit_events_names ON audit_events USING gin ((event -> 'subjects'), (event -> 'grants'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP INDEX audit_events_actor, audit_events_cluster, audit_events_type, audit_events_names`,
    );
  }
}
