import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase } from '@ambit/persistence';
import { eventually, silentLogger } from '@ambit/testing';
import { freePorts, Program } from './program.test-support.ts';

let folder: string;
let program: Program | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-central-secrets-'));
});
afterEach(async () => {
  await program?.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const held = async (name: string): Promise<string> =>
  (await readFile(join(folder, 'data/central', name), 'utf8')).trim();

/** Central with what Node is told before it starts. */
async function central(nodeOptions: string, ...flags: string[]): Promise<Program> {
  program = new Program(['--data-dir', join(folder, 'data'), ...freePorts, ...flags], {
    NODE_OPTIONS: nodeOptions,
  });
  await program.ready();
  return program;
}

describe('the first admin token', () => {
  test.each([
    ['a terminal', '--import=data:text/javascript,process.stdout.isTTY=true', []],
    ['who asks for it with --print-token, wherever it goes', '', ['--print-token']],
  ])('is shown to %s, once, beside its file', async (_, nodeOptions, flags) => {
    const first = await central(nodeOptions, ...flags);
    const token = await held('first-admin.token');
    expect(token).toMatch(/^amb_\w+$/);
    await eventually(() => expect(first.output).toContain(`\n  ${token}\n`));
    expect(first.output.split(token)).toHaveLength(2);
    expect(first.output).toContain(join(folder, 'data/central/first-admin.token'));
    await first.kill('SIGTERM');
    const second = await central(nodeOptions, ...flags);
    await second.kill('SIGTERM');
    expect(second.output).not.toMatch(/amb_|first start/);
  });
});

describe('the secret of the superuser of the embedded database', () => {
  /** Everything that the program can still reach, in texts. */
  async function heap(): Promise<string> {
    const serving = await central(`--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`);
    serving.signal('SIGUSR2');
    let text = '';
    await eventually(
      async () => {
        const file = (await readdir(folder)).find((name) => name.endsWith('.heapsnapshot'));
        text = await readFile(join(folder, file ?? 'none'), 'utf8');
        // It is whole when its last bracket is there.
        expect(text.trimEnd().slice(-2)).toBe(']}');
      },
      { withinMs: 60_000, everyMs: 500, what: 'the snapshot' },
    );
    return text;
  }

  test('is held by nothing that serves: not in memory, and no session of it or of the owner is open', async () => {
    const everything = await heap();
    const [application, superuser] = [
      await held('postgres/password'),
      await held('postgres/superuser.password'),
    ];
    // What it does hold is found that way.
    expect(everything.includes(application)).toBe(true);
    expect(everything.includes(superuser)).toBe(false);
    const port = (await held('postgres/cluster/postmaster.pid')).split('\n')[3] ?? '';
    const url = `postgres://postgres:${superuser}@127.0.0.1:${port}/ambit`;
    const database = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
    const sessions = async (): Promise<(string | null)[]> =>
      (
        await database.query<{ name: string | null }>(
          `SELECT DISTINCT usename AS name FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY 1`,
        )
      ).map(({ name }) => name);
    // One that has just been opened has no name yet.
    const names = await eventually(async () => {
      const found = await sessions();
      expect(found).not.toContain(null);
      return found;
    });
    await database.close();
    expect(names).toContain('ambit_app');
    expect(names.filter((name) => !['ambit_app', 'ambit_audit'].includes(name ?? ''))).toEqual([]);
  });
});
