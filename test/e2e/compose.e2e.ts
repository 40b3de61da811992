import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AmbitClient } from '@ambit/client';
import { eventually } from '@ambit/testing';
import { checkCompose, composePath, readComposeFile } from '../compose/compose-file.ts';
import { Composed } from '../compose/composed.ts';

const needed = ['haproxy', 'redis-server'];
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
const missing = needed.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
if (missing.length > 0)
  console.log(`the services of docker-compose.yml are not run: there is no ${missing.join(', ')}`);

describe('docker-compose.yml', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-compose-check-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is taken by Docker’s own reader, which refuses what is no compose file', async () => {
    const checked = await checkCompose(composePath, folder);
    if (checked === undefined) return;
    expect(checked).toMatchObject({ exitCode: 0 });
    const text = readFileSync(composePath, 'utf8');
    const wrong: readonly (readonly [string, string])[] = [
      ['image: redis:8', 'imagee: redis:8'],
      ['depends_on:\n      keys:', 'depends_on:\n      kees:'],
      ['source: proxy', 'source: prox'],
    ];
    for (const [right, typo] of wrong) {
      const path = join(folder, 'wrong.yml');
      await writeFile(path, text.replace(right, typo));
      expect(await checkCompose(path, folder)).toMatchObject({ exitCode: 1 });
    }
  }, 900_000);

  test('publishes nothing beyond this machine', async () => {
    const { services } = await readComposeFile();
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThanOrEqual(4);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

const runs = missing.length > 0 ? describe.skip : describe;
runs('what docker-compose.yml starts, as processes', () => {
  let composed: Composed;
  let client: AmbitClient;
  beforeAll(async () => {
    composed = await Composed.prepare();
    await composed.up();
    client = new AmbitClient({ server: composed.url, token: await composed.adminToken() });
  }, 240_000);
  afterAll(() => composed?.stop());

  /** A connection of its own, which whoever is next gets. */
  const asked = async (): Promise<void> => {
    const each = new AmbitClient({ server: composed.url, token: await composed.adminToken() });
    await each.api.listUsers({ query: {} });
    each.close();
  };

  const answered = async (name: 'central-1' | 'central-2'): Promise<boolean> =>
    /^ambit_http_requests_total\{.*listUsers|^ambit_http_requests_total\{.*\/users/m.test(
      await composed.metrics(name),
    );

  test('both replicas serve behind one port, and clusters of the demo join through it', async () => {
    for (let at = 0; at < 10; at++) await asked();
    expect([await answered('central-1'), await answered('central-2')]).toEqual([true, true]);
    const demo = composed.startDemo();
    await eventually(
      async () => {
        if (!demo.alive) throw new Error(await demo.tail());
        expect(await demo.logged(/objects of policy are revision/)).toBeDefined();
      },
      { withinMs: 120_000, everyMs: 200 },
    );
    const { items } = await client.api.listClusters({ query: {} });
    expect(items.map(({ metadata, status }) => [metadata.name, status.connected])).toEqual([
      ['prod-eu', true],
      ['staging-eu', true],
    ]);
  });

  test('one replica may die: the other one serves, and has the agents', async () => {
    await composed.kill('central-1');
    await eventually(
      async () => {
        const { items } = await client.api.listClusters({ query: {} });
        expect(items.map(({ status }) => status.connected)).toEqual([true, true]);
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    const body = { apiVersion: 'ambit.dev/v1', kind: 'User', metadata: { name: 'late' } } as const;
    await client.api.putUser({ params: { name: 'late' }, body });
    await composed.startReplica('central-1');
    await eventually(async () => {
      await asked();
      expect(await answered('central-1')).toBe(true);
    });
  });
});
