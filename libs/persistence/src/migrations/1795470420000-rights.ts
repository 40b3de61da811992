import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the application needs of the owner without being it. The functions run with the owner's rights, so they take no
 * names and no dates that they do not check, and resolve nothing through a search path that others can fill.
 */
export class Rights1795470420000 implements MigrationInterface {
  readonly name = 'Rights1795470420000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE audit_retention (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  days integer NOT NULL CHECK (days BETWEEN 1 AND 3650)
);
INSERT INTO audit_retention (days) VALUES (1);

CREATE SCHEMA IF NOT EXISTS limits;
CREATE TABLE IF NOT EXISTS limits.failures (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
)`);
    await runner.query(makePartition);
    await runner.query(dropBefore);
    await runner.query(`
REVOKE ALL ON FUNCTION audit_make_partition(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_drop_before(timestamptz) FROM PUBLIC`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP FUNCTION audit_drop_before(timestamptz);
DROP FUNCTION audit_make_partition(integer);
DROP TABLE audit_retention`);
  }
}

/** A table is made apart and attached: CREATE … PARTITION OF would lock every reader of the whole trail out. */
const makePartition = `
CREATE FUNCTION audit_make_partition(ahead integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' SET TimeZone = 'UTC'
AS $$
DECLARE
  day date;
  partition text;
BEGIN
  IF ahead IS NULL OR ahead < 0 OR ahead > 31 THEN
    RAISE EXCEPTION 'partitions are made for today and the next 31 days' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- One at a time; whoever comes second finds the work done.
  PERFORM pg_advisory_xact_lock(hashtext('ambit audit partitions'));
  day := now()::date + ahead;
  partition := 'audit_events_' || to_char(day, 'YYYYMMDD');
  IF to_regclass('public.' || partition) IS NOT NULL THEN
    RETURN NULL;
  END IF;
  EXECUTE format(
    'CREATE TABLE public.%1$I (LIKE public.audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
       CONSTRAINT day CHECK (received_at >= %2$L AND received_at < %3$L))', partition, day::timestamptz, (day + 1)::timestamptz);
  -- A day that began before its partition was made has rows in the default one: they move along.
  EXECUTE format(
    'WITH moved AS (
       DELETE FROM public.audit_events_default WHERE received_at >= %2$L AND received_at < %3$L RETURNING *)
     INSERT INTO public.%1$I SELECT * FROM moved', partition, day::timestamptz, (day + 1)::timestamptz);
  EXECUTE format(
    'ALTER TABLE public.audit_events ATTACH PARTITION public.%1$I FOR VALUES FROM (%2$L) TO (%3$L)',
    partition, day::timestamptz, (day + 1)::timestamptz);
  EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT day', partition);
  RETURN partition;
END
$$`;

/** The floor is the owner's: who holds the application's secret cannot make the trail forget sooner. */
const dropBefore = `
CREATE FUNCTION audit_drop_before(before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' SET TimeZone = 'UTC'
AS $$
DECLARE
  floor timestamptz := date_trunc('day', now()) - make_interval(days => (SELECT days FROM public.audit_retention));
  until timestamptz := date_trunc('day', before);
  partition text;
BEGIN
  -- A clock that is a little ahead of the database's asks a day too early at midnight.
  IF until IS NULL OR NOT isfinite(until) OR until > floor + interval '1 day' THEN
    RAISE EXCEPTION 'the audit trail is kept for % days',
      (SELECT days FROM public.audit_retention) USING ERRCODE = 'invalid_parameter_value';
  END IF;
  until := least(until, floor);
  PERFORM pg_advisory_xact_lock(hashtext('ambit audit partitions'));
  FOR partition IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.audit_events'::regclass AND c.relname ~ '^audit_events_[0-9]{8}$'
      AND c.relname < 'audit_events_' || to_char(until, 'YYYYMMDD')
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE public.%I', partition);
    RETURN NEXT partition;
  END LOOP;
  DELETE FROM public.audit_events_default WHERE received_at < until;
END
$$`;
