// Writes schema.sql from an empty database after all migrations; with --check it compares and exits 1 on a difference.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpSchema } from './dist/dump-schema.js';
import { openDatabase, startEmbeddedPostgres } from './dist/index.js';

const golden = new URL('./schema.sql', import.meta.url);
const logger = { debug() {}, info() {}, warn() {}, error: console.error, child: () => logger };
const folder = await mkdtemp(join(tmpdir(), 'ambit-schema-'));

async function dump(ownerUrl) {
  const database = await openDatabase({ url: ownerUrl, logger });
  try {
    await database.migrate();
    return await dumpSchema(database);
  } finally {
    await database.close();
  }
}

async function currentSchema() {
  let schema = '';
  const server = await startEmbeddedPostgres({
    dataDir: folder,
    logger,
    settings: { fsync: 'off' },
    prepare: async (ownerUrl) => void (schema = await dump(ownerUrl)),
  });
  await server.stop();
  return schema;
}

try {
  const schema = await currentSchema();
  if (!process.argv.includes('--check')) await writeFile(golden, schema);
  else if ((await readFile(golden, 'utf8').catch(() => '')) !== schema) {
    console.error('libs/persistence/schema.sql differs from what the migrations make.');
    console.error('next: node libs/persistence/dump-schema.mjs, and look at the difference');
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
