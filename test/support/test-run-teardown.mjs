import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends the database server of the run and waits until it is gone: a test run leaves no process and no file. */
/** @public Jest loads it by its path. */
export default async function tearDownTestRun() {
  const dir = process.env.AMBIT_TEST_RUN_DIR;
  const text = await readFile(join(dir, 'server.json'), 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const { pid } = JSON.parse(text);
    process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + 30_000;
    while (isAlive(pid)) {
      if (Date.now() > deadline) throw new Error(`the test database (process ${pid}) did not end`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  await rm(dir, { recursive: true, force: true });
}
