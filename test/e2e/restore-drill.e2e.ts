import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import {
  backUpDatabase,
  dropBackup,
  eventually,
  restoreDatabase,
  testDatabase,
} from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import { runProgram } from '../support/run-program.ts';
import type { ProgramResult } from '../support/run-program.ts';
import type { Question } from '../support/access-review.ts';
import type { Member } from '../support/fleet.ts';
import { Replica } from '../support/replica.ts';

const apiVersion = 'ambit.dev/v1' as const;
const names = ['prod-eu', 'prod-us'];
const backup = `drill_${randomBytes(6).toString('hex')}`;
const adaReads: Question = {
  user: 'ambit:ada',
  verb: 'get',
  resource: 'pods',
  namespace: 'payments',
};
const benReads: Question = { ...adaReads, user: 'ambit:ben' };
let db: TestDatabase;
let fleet: Fleet;
let replica: Replica;

const grantOf = (name: string): object => ({
  apiVersion,
  kind: 'Grant',
  metadata: { name },
  spec: {
    subjects: [{ user: name }],
    role: 'view',
    scope: { clusters: { names }, namespaces: { names: ['payments'] } },
  },
});

beforeAll(async () => {
  db = await testDatabase();
  const owner = { AMBIT_DATABASE_URL: db.url, AMBIT_DATABASE_OWNER_URL: db.ownerUrl };
  expect(await runProgram('central', ['migrate'], { env: owner })).toMatchObject({ exitCode: 0 });
  fleet = await Fleet.start(names, {}, { AMBIT_DATABASE_URL: db.url });
  replica = await Replica.start(fleet);
  for (const { kube } of fleet.members) {
    const metadata = { name: 'payments' };
    await kube.create<Namespace>(kubeResources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata,
    });
  }
  await fleet.enrol('prod-eu');
  await fleet.enrol('prod-us', {}, replica.agentAddress);
}, 240_000);
afterAll(async () => {
  await fleet?.stop();
  await dropBackup(db.superuserUrl, backup);
  await db.close();
});

/** Asks the API servers without a pause whether ada may; resolves with how often they were asked, and how often they said yes. */
function watchAda(members: readonly Member[]): () => Promise<{ asked: number; allowed: number }> {
  let watching = true;
  const counts = { asked: 0, allowed: 0 };
  const watch = async ({ kube }: Member): Promise<void> => {
    while (watching) {
      if (await may(kube, adaReads)) counts.allowed++;
      counts.asked++;
    }
  };
  const done = members.map(watch);
  return async () => {
    watching = false;
    await Promise.all(done);
    return counts;
  };
}

const onTheMachine = (...words: string[]): Promise<ProgramResult> =>
  runProgram('central', [...words, '--data-dir', fleet.folder.path], {
    env: fleet.centralEnvironment,
  });

test('a restore gives nothing back: refusal on every replica, raise, report, convergence', async () => {
  const { api } = fleet.client();
  const people = ['ada', 'ben'].map((name) => ({ apiVersion, kind: 'User', metadata: { name } }));
  await api.apply({ body: { objects: [...people, grantOf('ada')] } as never });
  for (const { kube } of fleet.members) await untilMay(kube, adaReads, true);
  await backUpDatabase(db.superuserUrl, backup);
  await eventually(async () => void (await api.deleteGrant({ params: { name: 'ada' } })));
  for (const { kube } of fleet.members) await untilMay(kube, adaReads, false);
  const watched = watchAda(fleet.members);

  await Promise.all([fleet.stopCentral(), replica.stop()]);
  await restoreDatabase(db.superuserUrl, backup);
  await Promise.all([fleet.startCentral(), replica.startAgain()]);
  await eventually(
    async () => {
      const { stateAhead = [] } = await api.getSystem({});
      expect(stateAhead.map(({ holder }) => holder).sort()).toEqual(
        names.map((name) => `cluster ${name}`),
      );
    },
    { withinMs: 60_000, what: 'both agents proving that they are ahead' },
  );
  for (const client of [fleet.client(), replica.client()]) {
    const change = client.api.apply({ body: { objects: [grantOf('ben')] } as never });
    await expect(change).rejects.toMatchObject({
      code: 'state_ahead',
      extras: { nextCommand: 'ambit-central epoch raise' },
    });
  }

  const raised = await onTheMachine('epoch', 'raise');
  expect(raised).toMatchObject({ exitCode: 0, stderr: '' });
  for (const name of names) expect(raised.stdout).toContain(`cluster ${name} held revision`);
  await eventually(
    async () => {
      for (const name of names) {
        const { status } = await api.getCluster({ params: { name } });
        expect(status).toMatchObject({ connected: true, heldGains: 1 });
      }
      const { stdout } = await onTheMachine('epoch', 'report');
      for (const name of names) {
        expect(stdout).toContain(`cluster ${name}: 1 would come, 0 went\n  + ambit:ada view`);
        expect(stdout).toContain(`ambit cluster release-gains ${name}`);
      }
    },
    { withinMs: 60_000, everyMs: 1_000, what: 'both agents having taken the new epoch' },
  );

  await replica.client().api.apply({ body: { objects: [grantOf('ben')] } as never });
  for (const { kube } of fleet.members) await untilMay(kube, benReads, true);
  const { asked, allowed } = await watched();
  expect(allowed).toBe(0);
  expect(asked).toBeGreaterThan(100);
}, 240_000);
