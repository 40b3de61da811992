import type { Sql } from './sql.ts';

interface Line {
  readonly line: string;
}

const extensions = `
SELECT format('CREATE EXTENSION %I;', extname) AS line FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname`;

const sequences = `
SELECT format('CREATE SEQUENCE %I AS %s;', c.relname, format_type(s.seqtypid, NULL)) AS line
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('i', 'a'))
ORDER BY c.relname`;

const tables = `
SELECT c.relname AS name,
  concat(
    CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN ' PARTITION OF ' || i.inhparent::regclass || ' ' || pg_get_expr(c.relpartbound, c.oid) END,
    CASE WHEN c.reloptions IS NOT NULL THEN ' WITH (' || array_to_string(c.reloptions, ', ') || ')' END) AS tail
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname`;

const columns = `
SELECT concat_ws(' ', format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod)),
  CASE WHEN co.collname IS NOT NULL AND co.collname <> 'default' THEN format('COLLATE %I', co.collname) END,
  CASE WHEN a.attidentity = 'a' THEN 'GENERATED ALWAYS AS IDENTITY' END,
  CASE WHEN d.oid IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
  CASE WHEN a.attnotnull THEN 'NOT NULL' END) AS line
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

/** NOT NULL stands with its column: newer servers list it as a constraint as well, older ones do not. */
const constraints = `
SELECT format('  CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS line
FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u', 'f', 'c') ORDER BY contype, conname`;

const indexes = `
SELECT pg_get_indexdef(i.indexrelid) || ';' AS line FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
ORDER BY c.relname`;

const triggers = `
SELECT pg_get_triggerdef(t.oid) || ';' AS line FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname`;

const functions = `
SELECT pg_get_functiondef(p.oid) || ';' AS line FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY p.proname`;

async function dumpTable(sql: Sql, name: string, tail: string): Promise<string> {
  const lines = async (query: string): Promise<string[]> =>
    (await sql.query<Line>(query, [name])).map((row) => row.line);
  const body = [...(await lines(columns)), ...(await lines(constraints))].join(',\n');
  return [`CREATE TABLE ${name} (\n${body}\n)${tail};`, ...(await lines(indexes))].join('\n');
}

/** What the catalog says of the schema, as text that is the same for the same schema. Read by people and by a test. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const parts: string[] = [];
  for (const query of [extensions, sequences]) {
    parts.push((await sql.query<Line>(query)).map((row) => row.line).join('\n'));
  }
  for (const { name, tail } of await sql.query<{ name: string; tail: string }>(tables)) {
    parts.push(await dumpTable(sql, name, tail));
  }
  for (const query of [functions, triggers]) {
    for (const { line } of await sql.query<Line>(query)) parts.push(line);
  }
  return `${parts.join('\n\n')}\n`;
}
