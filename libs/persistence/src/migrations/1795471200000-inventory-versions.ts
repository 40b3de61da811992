import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What agents told of their clusters; each has a column `cluster_uid`. */
const tables = ['cluster_namespaces', 'cluster_roles', 'cluster_resources'] as const;
const events = [
  ['INSERT', 'NEW'],
  ['UPDATE', 'NEW'],
  ['DELETE', 'OLD'],
] as const;

/**
 * A version of what is known of each cluster, so that who keeps it in memory asks whether it is still so instead of
 * reading it again. The database itself counts: no writer can forget it. A statement that changes no row changes no
 * version.
 */
export class InventoryVersions1795471200000 implements MigrationInterface {
  readonly name = 'InventoryVersions1795471200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE cluster_inventory_versions (
  cluster_uid text PRIMARY KEY REFERENCES clusters ON DELETE CASCADE,
  version uuid NOT NULL
)`);
    await runner.query(`
CREATE FUNCTION inventory_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO cluster_inventory_versions (cluster_uid, version)
    SELECT cluster_uid, gen_random_uuid() FROM (SELECT DISTINCT cluster_uid FROM changed) AS touched ORDER BY cluster_uid
    ON CONFLICT (cluster_uid) DO UPDATE SET version = excluded.version;
  RETURN NULL;
END
$$`);
    await runner.query(`REVOKE ALL ON FUNCTION inventory_changed() FROM PUBLIC`);
    for (const table of tables) {
      for (const [event, rows] of events) {
        await runner.query(`
CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table}
  REFERENCING ${rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed()`);
      }
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables) {
      for (const [event] of events) {
        await runner.query(`DROP TRIGGER ${table}_${event.toLowerCase()} ON ${table}`);
      }
    }
    await runner.query('DROP FUNCTION inventory_changed()');
    await runner.query('DROP TABLE cluster_inventory_versions');
  }
}
