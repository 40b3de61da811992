import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { agentWrites, inHandTime } from '../../test/in-simulation.ts';
import { binding } from '../../test/reconcile-scene.ts';

const { roleBindings } = kubeResources;
const apiGroup = 'rbac.authorization.k8s.io';
const auditors = { kind: 'Group', apiGroup, name: 'sec-auditors' } as const;
const given = { put: [binding({ key: 'BINDING/1' })] };
const calm = { random: () => 0.5 };

/** As an admission policy does that adds a group to every binding that has it not. */
function withAuditors<T>(object: T): T {
  const { subjects = [] } = object as unknown as BindingObject;
  if (subjects.some(({ name }) => name === auditors.name)) return object;
  return { ...object, subjects: [...subjects, auditors] };
}

describe('a write that succeeds and does not hold', () => {
  test(
    'outside case 01: a policy that adds a subject to our binding is contention: few writes, one problem that says what and who, one event',
    inHandTime(calm, async ({ scene, cluster, pass, within }) => {
      const lift = cluster.admission.mutate('rolebindings', withAuditors);
      const report = await scene.apply(given);
      const { name } = (await scene.only()).metadata;
      expect(report.problems).toMatchObject([
        {
          key: 'BINDING/1',
          reason: 'contended',
          object: `RoleBinding/payments/${name}`,
          effect: 'PROBLEM_EFFECT_EXCESS',
          subjects: ['sec-auditors'],
          changedBy: expect.stringContaining('admission'),
          message: expect.stringContaining('it also binds Group sec-auditors'),
        },
      ]);
      await pass(3_000);
      expect(agentWrites(cluster).length).toBeLessThan(6);
      expect(scene.events.map(({ type }) => type)).toEqual(['binding.created', 'drift.contended']);
      expect(scene.eventsOf('drift.contended')).toMatchObject([
        { object: { name }, subjects: ['sec-auditors'], details: { effect: 'excess' } },
      ]);
      lift();
      await within(10_000, async () =>
        expect(await scene.access()).toEqual(['payments view ambit:ann']),
      );
      await scene.eventually('no problem', () =>
        expect(scene.reconciler.status().report.problems).toEqual([]),
      );
    }),
  );

  test(
    'outside case 01: a policy that takes a subject out leaves people without access, and says whom',
    inHandTime(calm, async ({ scene, cluster }) => {
      cluster.admission.mutate('rolebindings', (object) => ({
        ...object,
        subjects: (object.subjects ?? []).filter(({ name }) => name !== 'ambit:ann'),
      }));
      const subjects = ['ambit:ann', 'ambit:bob'];
      const { problems } = await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      expect(problems).toMatchObject([
        { reason: 'contended', effect: 'PROBLEM_EFFECT_LACKS', subjects: ['ambit:ann'] },
      ]);
      expect(agentWrites(cluster).length).toBeLessThan(4);
    }),
  );

  test(
    'outside case 01: a policy that puts another role into our binding: that one goes at once, and is not made again and again',
    inHandTime(calm, async ({ scene, cluster, within }) => {
      cluster.admission.mutate('rolebindings', (object) => ({
        ...object,
        roleRef: { apiGroup, kind: 'ClusterRole', name: 'edit' },
      }));
      scene.push(given);
      await within(5_000, async () => {
        expect(agentWrites(cluster).length).toBeGreaterThan(1);
        expect(await scene.ours()).toEqual([]);
      });
      const { problems } = scene.reconciler.status().report;
      expect(problems).toMatchObject([{ reason: 'contended' }]);
      expect(agentWrites(cluster).length).toBeLessThan(7);
    }),
  );

  test(
    'outside case 01: a label of ours that a policy changes is contention that says which',
    inHandTime(calm, async ({ scene, cluster }) => {
      cluster.admission.mutate('rolebindings', (object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          labels: { ...object.metadata.labels, 'ambit.dev/installation': 'x' },
        },
      }));
      const { problems } = await scene.apply(given);
      expect(problems).toMatchObject([
        { reason: 'contended', message: expect.stringContaining('ambit.dev/installation') },
      ]);
      expect(agentWrites(cluster).length).toBeLessThan(4);
    }),
  );

  test(
    'outside case 01: a controller that undoes every write within milliseconds is not raced against',
    inHandTime({}, async ({ scene, cluster, pass, within }) => {
      await scene.apply(given);
      const { name, namespace = '' } = (await scene.only()).metadata;
      cluster.log.clear();
      let over = false;
      const racing = (async () => {
        while (!over) {
          const found = await scene.admin.get<BindingObject>(roleBindings, { name, namespace });
          const patched = withAuditors(found);
          if (patched === found) continue;
          const { subjects } = patched;
          await scene.admin.mergePatch(roleBindings, { name, namespace }, { subjects });
        }
      })();
      await pass(6_000);
      over = true;
      await racing;
      expect(agentWrites(cluster).length).toBeLessThan(45);
      expect(scene.eventsOf('drift.contended')).toHaveLength(1);
      await within(10_000, async () =>
        expect(await scene.access()).toEqual(['payments view ambit:ann']),
      );
    }),
  );
});
