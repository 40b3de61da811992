import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { canStart, KubectlWorld, person, ways } from './kubectl-world.ts';

(canStart ? describe : describe.skip)('a person with a browser and kubectl', () => {
  let world: KubectlWorld;
  beforeAll(async () => {
    world = await KubectlWorld.start();
  }, 300_000);
  afterAll(() => world?.stop(), 60_000);

  test.each(ways)(
    'signs in and works in a cluster that $cluster, whose audit log has the right name',
    async ({ cluster, login, user }) => {
      const context = await world.pages.newContext();
      await login(world, await context.newPage());
      await context.close();
      expect(await world.ambit('use', `${cluster}/payments`)).toMatchObject({ exitCode: 0 });
      await eventually(
        async () => {
          const { exitCode, stderr } = await world.kubectl('get', 'pods');
          if (exitCode !== 0) throw new Error(stderr);
        },
        { everyMs: 200, what: 'kubectl works' },
      );
      const secrets = await world.kubectl('get', 'secrets');
      expect(secrets.stderr).toContain('Forbidden');
      const users = await world.auditedUsers(cluster);
      expect(users).toEqual([expect.stringMatching(user)]);
      expect((await world.ambit('clusters', '-o', 'wide')).stdout).toContain(users[0]);
      expect(await readFile(world.env['KUBECONFIG'] ?? '', 'utf8')).not.toMatch(/amb[ar]_|eyJ/);
    },
    120_000,
  );

  test('is refused in all of them within seconds once locked', async () => {
    expect(await world.asAdmin('user', 'lock', person)).toMatchObject({ exitCode: 0 });
    for (const { cluster } of ways) {
      await eventually(
        async () => {
          const pods = await world.kubectl(`--context=ambit-${cluster}`, 'get', 'pods');
          expect(pods).toMatchObject({ exitCode: 1 });
        },
        { what: `the refusal in ${cluster}` },
      );
    }
    expect(await world.ambit('whoami')).toMatchObject({ exitCode: 3 });
  });
});
