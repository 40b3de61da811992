import type { MigrationInterface, QueryRunner } from 'typeorm';

const events = [
  ['INSERT', 'NEW'],
  ['UPDATE', 'NEW'],
  ['DELETE', 'OLD'],
] as const;

/**
 * Bindings of clusters that are not ours, and the roles that they name. They change for reasons of their own, so they have
 * a version of their own: who keeps the rest of what is known of a cluster in memory does not read it again for them.
 */
export class UnmanagedAccess1795473220000 implements MigrationInterface {
  readonly name = 'UnmanagedAccess1795473220000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE cluster_unmanaged (
  cluster_uid text NOT NULL REFERENCES clusters ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  fact jsonb NOT NULL,
  bytes integer NOT NULL,
  PRIMARY KEY (cluster_uid, key)
)`);
    await runner.query(`
CREATE TABLE cluster_unmanaged_totals (
  cluster_uid text PRIMARY KEY REFERENCES clusters ON DELETE CASCADE,
  left_out bigint NOT NULL
)`);
    await runner.query(`ALTER TABLE cluster_inventory_versions ADD COLUMN unmanaged uuid`);
    await runner.query(`
CREATE FUNCTION unmanaged_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO cluster_inventory_versions (cluster_uid, version, unmanaged)
    SELECT cluster_uid, gen_random_uuid(), gen_random_uuid()
    FROM (SELECT DISTINCT cluster_uid FROM changed) AS touched ORDER BY cluster_uid
    ON CONFLICT (cluster_uid) DO UPDATE SET unmanaged = excluded.unmanaged;
  RETURN NULL;
END
$$`);
    await runner.query(`REVOKE ALL ON FUNCTION unmanaged_changed() FROM PUBLIC`);
    for (const table of ['cluster_unmanaged', 'cluster_unmanaged_totals']) {
      for (const [event, rows] of events) {
        await runner.query(`
CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table}
  REFERENCING ${rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed()`);
      }
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cluster_unmanaged_totals');
    await runner.query('DROP TABLE cluster_unmanaged');
    await runner.query('DROP FUNCTION unmanaged_changed()');
    await runner.query('ALTER TABLE cluster_inventory_versions DROP COLUMN unmanaged');
  }
}
