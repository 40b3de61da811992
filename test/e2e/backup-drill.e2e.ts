import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import type { Question } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import { runProgram } from '../support/run-program.ts';
import type { ProgramResult } from '../support/run-program.ts';

const apiVersion = 'ambit.dev/v1' as const;
const cluster = 'prod-eu';
let fleet: Fleet;

const reads = (name: string): Question => ({
  user: `ambit:${name}`,
  verb: 'get',
  resource: 'pods',
  namespace: 'payments',
});
const grantOf = (name: string): object => ({
  apiVersion,
  kind: 'Grant',
  metadata: { name },
  spec: {
    subjects: [{ user: name }],
    role: 'view',
    scope: { clusters: { names: [cluster] }, namespaces: { names: ['payments'] } },
  },
});
const userOf = (name: string): object => ({ apiVersion, kind: 'User', metadata: { name } });

beforeAll(async () => {
  fleet = await Fleet.start([cluster], {});
  await fleet.member(cluster).kube.create<Namespace>(kubeResources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'payments' },
  });
  await fleet.enrol(cluster);
}, 240_000);
afterAll(() => fleet?.stop(), 60_000);

const onTheMachine = (...words: string[]): Promise<ProgramResult> =>
  runProgram('central', [...words, '--data-dir', fleet.folder.path], {
    env: fleet.centralEnvironment,
  });

const apply = (...objects: object[]): Promise<unknown> =>
  fleet.client().api.apply({ body: { objects } as never });

test('backup, changes, restore: every difference is named, nothing is given again silently, and a raise converges', async () => {
  const { kube } = fleet.member(cluster);
  const file = join(fleet.folder.path, 'ambit.backup');
  const passphrase = join(fleet.folder.path, 'passphrase');
  await writeFile(passphrase, 'a passphrase that nobody guesses', { mode: 0o600 });
  const how = [file, '--passphrase-file', passphrase];
  await apply(userOf('ada'), userOf('ben'), grantOf('ada'));
  await untilMay(kube, reads('ada'), true);
  expect(await onTheMachine('backup', ...how)).toMatchObject({ exitCode: 0, stderr: '' });

  await fleet.client().api.deleteGrant({ params: { name: 'ada' } });
  await apply(grantOf('ben'));
  await untilMay(kube, reads('ada'), false);
  await untilMay(kube, reads('ben'), true);
  let watching = true;
  let asked = 0;
  let allowed = 0;
  const watched = (async () => {
    for (; watching; asked++) if (await may(kube, reads('ada'))) allowed++;
  })();

  expect(await onTheMachine('restore', ...how, '--replace')).toMatchObject({ exitCode: 1 });
  await fleet.stopCentral();
  const refused = await onTheMachine('restore', ...how);
  expect([refused.exitCode, refused.stderr.includes('--replace')]).toEqual([1, true]);
  const restored = await onTheMachine('restore', ...how, '--replace');
  expect(restored).toMatchObject({ exitCode: 0, stderr: '' });
  expect(
    restored.stdout.split('\n').filter((line) => / (Grant|User|Role|Group) /.test(line)),
  ).toEqual([
    '  Grant ada is there again: it was removed after the backup',
    '  Grant ben is gone: it was made after the backup',
  ]);
  await fleet.startCentral();
  await expect(apply(userOf('eve'))).rejects.toMatchObject({
    code: 'state_ahead',
    extras: { nextCommand: 'ambit-central epoch raise' },
  });

  expect(await onTheMachine('epoch', 'raise')).toMatchObject({ exitCode: 0, stderr: '' });
  await eventually(
    async () => {
      const { stdout } = await onTheMachine('epoch', 'report');
      expect(stdout).toContain(`cluster ${cluster}: 1 would come, 1 went\n  + ambit:ada view`);
      expect(stdout).toContain('  - ambit:ben view');
      expect(stdout).toContain(`ambit cluster release-gains ${cluster}`);
    },
    { withinMs: 60_000, everyMs: 1_000, what: 'the agent having taken the new epoch' },
  );
  await untilMay(kube, reads('ben'), false);
  watching = false;
  await watched;
  expect([allowed, asked > 50]).toEqual([0, true]);

  await fleet.client().api.releaseGains({ params: { name: cluster }, body: {} as never });
  await untilMay(kube, reads('ada'), true);
  await apply(userOf('eve'));
}, 240_000);
