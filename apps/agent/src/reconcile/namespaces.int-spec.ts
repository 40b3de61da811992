import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingIntent } from '@ambit/rbac';
import { agentWrites, inSimulation } from '../../test/in-simulation.ts';
import { binding } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const { namespaces } = kubeResources;
const teamA = {
  type: 'selector',
  selector: { requirements: [{ key: 'team', operator: 'In', values: ['a'] }] },
} as const;
const inNamespaces = (...names: string[]): BindingIntent['scope'] => ({
  type: 'namespaces',
  names,
});

async function label(scene: ReconcileScene, name: string, team: string | null): Promise<void> {
  await scene.admin.mergePatch(namespaces, { name }, { metadata: { labels: { team } } });
}

describe('namespaces that come, change and go', () => {
  test(
    'case 20: a namespace made later gets its bindings at once, and the report names it until then',
    inSimulation({}, async ({ scene }) => {
      const put = [binding({ key: 'BINDING/1', scope: inNamespaces('late') })];
      const report = await scene.apply({ put });
      expect(report.problems).toMatchObject([
        { key: 'BINDING/1', reason: 'namespace_missing', namespace: 'late' },
      ]);
      await scene.namespace('late');
      await scene.sees(['late view ambit:ann']);
      expect(scene.reconciler.status().report.problems).toEqual([]);
    }),
  );

  test(
    'case 21: a label put on and taken off later counts, also when the watch was closed in between',
    inSimulation({ random: () => 0 }, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1', scope: teamA })] });
      await label(scene, 'payments', 'a');
      await scene.sees(['payments view ambit:ann']);
      await label(scene, 'payments', null);
      await scene.sees([]);
      cluster.cutConnections();
      await label(scene, 'payments', 'a').catch(() => label(scene, 'payments', 'a'));
      await scene.sees(['payments view ambit:ann']);
    }),
  );

  test(
    'case 65: a selector that matches nothing is a state, not an error',
    inSimulation({}, async ({ scene }) => {
      const report = await scene.apply({ put: [binding({ key: 'BINDING/1', scope: teamA })] });
      expect(report).toMatchObject({ created: 0, problems: [] });
    }),
  );

  test(
    'case 53: a namespace under deletion is left alone without noise, and made anew it is served again',
    inSimulation({ namespaceDeletionMs: 400 }, async ({ scene, cluster }) => {
      const put = [binding({ key: 'BINDING/1' })];
      await scene.apply({ put });
      cluster.log.clear();
      await scene.admin.delete(namespaces, { name: 'payments' });
      await scene.eventually('the namespace under deletion', () => {
        expect(scene.reconciler.facts.namespaces.get('payments')?.phase).toBe('Terminating');
      });
      await scene.apply({ put: [...put, binding({ key: 'BINDING/2', role: edit })] });
      await scene.eventually('the namespace gone', () => {
        expect(scene.reconciler.facts.namespaces.has('payments')).toBe(false);
      });
      expect(agentWrites(cluster)).toEqual([]);
      expect(scene.eventsOf('drift.detected')).toEqual([]);
      await scene.namespace('payments');
      await scene.sees(['payments edit ambit:ann', 'payments view ambit:ann']);
    }),
  );

  test(
    'case 53: a namespace that went while the watch was stuck is told as missing, and served when it is back',
    inSimulation({ random: () => 0, namespaceDeletionMs: 0 }, async ({ scene, cluster }) => {
      cluster.watches.silence(true);
      await scene.admin.delete(namespaces, { name: 'payments' });
      await scene.eventually('the namespace gone', async () => {
        await expect(scene.admin.get(namespaces, { name: 'payments' })).rejects.toThrow(
          'not found',
        );
      });
      const report = await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      expect(report.problems).toMatchObject([
        { key: 'BINDING/1', reason: 'namespace_missing', namespace: 'payments' },
      ]);
      await scene.admin.create(namespaces, { metadata: { name: 'payments' } });
      cluster.compact();
      cluster.watches.silence(false);
      cluster.watches.end();
      await scene.sees(['payments view ambit:ann']);
    }),
  );

  test(
    'case 19: one namespace of fifty that refuses holds up none of the others',
    inSimulation({ namespaces: fifty() }, async ({ scene, cluster }) => {
      const match = { verb: 'create', resource: 'rolebindings', namespace: 'n7' };
      cluster.faults.inject({ match, status: 403, reason: 'Forbidden', message: 'not here' });
      const report = await scene.apply({
        put: [binding({ key: 'BINDING/1', scope: inNamespaces(...fifty()) })],
      });
      expect(report).toMatchObject({
        created: 49,
        problems: [
          { key: 'BINDING/1', reason: 'kubernetes_refused', namespace: 'n7', message: 'not here' },
        ],
      });
      expect(await scene.access()).toHaveLength(49);
    }),
  );

  test(
    'case b3: namespaces and subjects come and go in any order, and nobody keeps what is not theirs',
    inSimulation({ namespaces: ['n0', 'n1', 'n2'] }, async ({ scene }) => {
      const labelled = new Set<string>();
      let subjects: string[] = [];
      for (let step = 0; step < 30; step++) {
        const name = `n${Math.floor(Math.random() * 3)}`;
        if (Math.random() < 0.5) {
          if (!labelled.delete(name)) labelled.add(name);
          await label(scene, name, labelled.has(name) ? 'a' : null);
        } else {
          subjects = ['ambit:ann', 'ambit:bob', 'ambit:cat'].filter(() => Math.random() < 0.5);
          scene.push({ put: [binding({ key: 'BINDING/1', scope: teamA, subjects })] });
        }
      }
      const expected = Array.from(labelled, (name) =>
        subjects.map((subject) => `${name} view ${subject}`),
      );
      await scene.sees(expected.flat());
    }),
  );
});

function fifty(): string[] {
  return Array.from({ length: 50 }, (_, index) => `n${index}`);
}

const edit = { type: 'existing', clusterRole: 'edit' } as const;
