import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';

const program = `
  import { createLogger } from ${JSON.stringify(new URL('./create-logger.ts', import.meta.url).href)};
  const logger = createLogger({ name: 'x', format: 'json' });
  for (let line = 0; line < 20_000; line++) logger.info('a line that nobody will read', { line });
  setImmediate(() => process.stdout.write('alive'));
`;

test('outside case 23: a program whose log is on a full disk goes on', async () => {
  const full = await open('/dev/full', 'w');
  try {
    const child = spawn(
      process.execPath,
      ['--conditions=@ambit/source', '--no-warnings', '--input-type=module', '-e', program],
      { stdio: ['ignore', 'pipe', full.fd] },
    );
    const exited = once(child, 'exit');
    const said = child.stdout === null ? '' : await text(child.stdout);
    const [code] = (await exited) as [number];
    expect({ said, code }).toEqual({ said: 'alive', code: 0 });
  } finally {
    await full.close();
  }
});
