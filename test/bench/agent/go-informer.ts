import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = fileURLToPath(new URL('../go-informer/', import.meta.url));

/** Path of the informer, built when it has to be; undefined where there is no Go. Throws when it does not build. */
export async function buildInformer(): Promise<string | undefined> {
  const program = join(tmpdir(), 'ambit-bench-go-informer');
  const run = promisify(execFile);
  try {
    await run('go', ['version']);
  } catch {
    return undefined;
  }
  await run('go', ['build', '-o', program, '.'], { cwd: source, timeout: 600_000 });
  return program;
}
