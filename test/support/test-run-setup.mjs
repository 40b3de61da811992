// Names one folder a run. The first spec that asks for a database makes it and starts the server in it
// (libs/testing, shared-postgres.ts); a run that needs none leaves none, however it ends.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePackages } from './bundled-packages.mjs';

/** @public Jest loads it by its path. */
export default function setUpTestRun() {
  bundlePackages();
  const name = `ambit-test-run-${randomBytes(6).toString('hex')}`;
  process.env.AMBIT_TEST_RUN_DIR = join(tmpdir(), name);
  process.env.AMBIT_TEST_RUN_PID = String(process.pid);
}
