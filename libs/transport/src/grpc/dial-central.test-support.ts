import { readFile } from 'node:fs/promises';
import { connectToCentral, fetchPinnedCa } from '../index.ts';

// A process of its own, because the variables that a test sets are read by the platform itself.
const [address = '', caFile = '', caPin = ''] = process.argv.slice(2);
const connection = connectToCentral({ address, ca: await readFile(caFile, 'utf8') });
const ways: Record<string, () => Promise<unknown>> = {
  ready: () => connection.ready(5_000),
  pinned: () => fetchPinnedCa({ address, caPin, deadlineMs: 5_000 }),
};
for (const [name, way] of Object.entries(ways)) {
  const said = await way().then(
    () => 'trusted',
    (error: Error) => error.message,
  );
  process.stdout.write(`${name}: ${said}\n`);
}
connection.close();
