import { readFile } from 'node:fs/promises';
import { connectToCentral, fetchPinnedCa } from '../index.ts';

// A process of its own, because the variables that a test sets are read by the platform itself.
const [address = '', caFile = '', caPin = '', ms = ''] = process.argv.slice(2);
const deadlineMs = Number(ms);
const connection = connectToCentral({ address, ca: await readFile(caFile, 'utf8') });
const ways: Record<string, () => Promise<unknown>> = {
  ready: () => connection.ready(deadlineMs),
  pinned: () => fetchPinnedCa({ address, caPin, deadlineMs }),
};
for (const [name, way] of Object.entries(ways)) {
  const said = await way().then(
    () => 'trusted',
    (error: Error) => error.message,
  );
  process.stdout.write(`${name}: ${said}\n`);
}
connection.close();
