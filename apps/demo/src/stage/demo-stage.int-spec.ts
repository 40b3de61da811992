import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadSettings } from '@ambit/config';
import { checkPolicyDocument } from '@ambit/contracts';
import { demoSettings, type DemoSettings } from '../demo-settings.ts';
import { readPolicy } from '../story/read-policy.ts';
import { claimPorts } from './claim-ports.ts';
import { offerToCentral, startCompanyProvider } from './company-provider.ts';
import { openDataFolder } from './open-data-folder.ts';
import { programEnvironment } from './program-environment.ts';
import { demoFiles } from './program-paths.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ambit-demo-spec-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function settings(flags: Readonly<Record<string, string[]>> = {}): Promise<DemoSettings> {
  return (await loadSettings(demoSettings, { flags, env: {} })).settings;
}

describe('ports', () => {
  test('are free ones unless they are named', async () => {
    const free = await claimPorts(await settings());
    const { webhook, ...others } = free;
    expect(new Set([webhook.port, ...Object.values(others)]).size).toBe(4);
    const named = await claimPorts(await settings({ port: [String(free.rest)] }));
    expect(named.rest).toBe(free.rest);
  });

  test('that are named and taken are refused with the flag to change', async () => {
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
    const { port } = holder.address() as AddressInfo;
    await expect(claimPorts(await settings({ agentPort: [String(port)] }))).rejects.toMatchObject({
      code: 'address_in_use',
      message: `Port ${port} is taken by another program.`,
      extras: { hint: expect.stringContaining('--agent-port') },
    });
    await new Promise((done) => holder.close(done));
  });
});

describe('the data folder', () => {
  test('is made in the temp folder and goes away, unless it was named', async () => {
    const own = await openDataFolder(undefined);
    expect(own.path.startsWith(join(tmpdir(), 'ambit-demo-'))).toBe(true);
    await own.clean(100);
    expect(existsSync(own.path)).toBe(false);
    const named = await openDataFolder(join(root, 'kept'));
    await named.clean(100);
    expect(existsSync(named.path)).toBe(true);
  });

  test('that holds files is refused untouched', async () => {
    await writeFile(join(root, 'mine'), '');
    await expect(openDataFolder(root)).rejects.toMatchObject({
      code: 'storage_unwritable',
      message: `${root} holds files already.`,
    });
    expect(await readdir(root)).toEqual(['mine']);
  });

  test('that cannot be made is refused with the flag that moves it', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(openDataFolder(join(root, 'file', 'below'))).rejects.toMatchObject({
      code: 'storage_unwritable',
      extras: { hint: expect.stringContaining('--data-dir') },
    });
  });
});

test('programs of the demo get no settings of another Ambit', () => {
  expect(
    programEnvironment({
      PATH: '/bin',
      AMBIT_DATABASE_URL: 'postgres://production',
      AMBIT_TOKEN: 'amb_x',
      AMBIT_CACHE_DIR: '/cache',
    }),
  ).toEqual({ PATH: '/bin', AMBIT_CACHE_DIR: '/cache' });
});

test('the secret of the provider stands in a file for this account, and not in its object', async () => {
  const provider = await startCompanyProvider('https://127.0.0.1:1');
  try {
    const object = await offerToCentral(provider, root);
    expect(checkPolicyDocument(object)).toMatchObject({ ok: true });
    expect(JSON.stringify(object)).not.toContain(provider.clientSecret);
    const file = join(root, 'central', 'idp-secrets', provider.name);
    expect((await readFile(file, 'utf8')).trim()).toBe(provider.clientSecret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  } finally {
    await provider.stop();
  }
});

test('the policy is sound: 6 people, 3 groups, 4 roles, 7 grants, one by namespace selector', async () => {
  const objects = await readPolicy(demoFiles.policy);
  const count = (kind: string): number => objects.filter((object) => object.kind === kind).length;
  expect(['User', 'Group', 'Role', 'Grant'].map(count)).toEqual([6, 3, 4, 7]);
  const bySelector = objects.filter(
    (object) => object.kind === 'Grant' && object.spec.scope.namespaces?.matchLabels !== undefined,
  );
  expect(bySelector).toHaveLength(1);
  expect((await readdir(demoFiles.ceilings)).toSorted()).toEqual([
    'prod-eu.yaml',
    'staging-eu.yaml',
  ]);
});
