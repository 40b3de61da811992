import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { accountName } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { nodeDigests } from '@ambit/transport';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';
import { installationUid } from '../../test/test-central.ts';
import { accountObject } from './account-object.ts';

const { serviceAccounts, namespaces } = kubeResources;
const namespace = 'ambit-access';
const ceiling = { credentials: ['ServiceAccountToken' as const] };
const holder = (person: string) => ({ name: `ambit:${person}`, uid: `uid-of-${person}` });
const accountOf = (person: string): string => {
  const { name, uid } = holder(person);
  return accountName(name, uid, nodeDigests);
};
const gives = (...people: string[]) =>
  binding('a', [], { subjectKind: 'ServiceAccounts', subjects: people.map(accountOf).sort() });

/** As a former run of the agent left them. */
async function leave(scene: AgentScene, ...people: string[]): Promise<void> {
  const system = await scene.admin.get<KubeObject>(namespaces, { name: 'kube-system' });
  const owner = { clusterUid: system.metadata.uid ?? '', installationUid };
  for (const person of people) {
    const object = accountObject(holder(person), owner, nodeDigests);
    await scene.admin.create<KubeObject>(serviceAccounts, object);
  }
}

const stand = (scene: AgentScene, ...people: string[]): Promise<void> =>
  eventually(
    async () => {
      const { items } = await scene.admin.list<KubeObject>(serviceAccounts, { namespace });
      const names = items.map(({ metadata }) => metadata.name);
      const found = names.filter((name) => name !== 'default').sort();
      expect(found).toEqual(people.map(accountOf).sort());
    },
    { what: `the accounts of ${people.join()}` },
  );

describe('the accounts of people in a running agent', () => {
  test(
    'go at the start when the state on disk gives their holders nothing, and with the last access after it',
    inScene(async (scene) => {
      await leave(scene, 'ada', 'bob', 'cleo');
      scene.central.commit([gives('bob', 'cleo')]);
      await scene.join();
      await stand(scene, 'bob', 'cleo');
      scene.central.commit([gives('cleo')]);
      await stand(scene, 'cleo');
    }, ceiling),
  );

  test(
    'go once the API server lets them, however often it failed before',
    inScene(async (scene) => {
      await leave(scene, 'ada', 'bob');
      scene.cluster.faults.inject({
        match: { verb: 'delete', resource: 'serviceaccounts' },
        status: 503,
        times: 3,
      });
      scene.central.commit([gives('bob')]);
      await scene.join();
      await stand(scene, 'bob');
    }, ceiling),
  );

  test(
    'go when the owner wants no such accounts any more',
    inScene(async (scene) => {
      await leave(scene, 'ada');
      scene.central.commit([gives('ada')]);
      await scene.join();
      await eventually(async () => expect(await scene.subjects()).toEqual([accountOf('ada')]));
      await stand(scene, 'ada');
      await scene.writeCeiling({ credentials: [] });
      await stand(scene);
    }, ceiling),
  );

  test(
    'go when the owner came to want none while the agent was stopped',
    inScene(async (scene) => {
      await leave(scene, 'ada', 'bob');
      scene.central.commit([gives('ada')]);
      await scene.writeCeiling({ credentials: [] });
      await scene.join();
      await stand(scene);
    }, ceiling),
  );

  test(
    'are none of an agent that never had the way: it is refused a look at them, and nobody is told',
    inScene(async (scene) => {
      const lists = (): number =>
        scene.cluster.log.requests.filter(({ resource }) => resource === 'serviceaccounts').length;
      await scene.join();
      await eventually(() => expect(lists()).toBe(1));
      scene.central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
      expect(lists()).toBe(1);
      expect(scene.logged('could not be looked after')).toBe(false);
    }),
  );
});
