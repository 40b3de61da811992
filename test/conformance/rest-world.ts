import { document, grant, group, user } from '../../apps/central/src/central.test-support.ts';

export const crew = Array.from({ length: 30 }, (_, at) => `crew-${String(at).padStart(2, '0')}`);

/** The policy that the suite asks about. */
export const restWorld: readonly object[] = [
  user('alice'),
  user('bob'),
  group('sre', ['alice']),
  document('Role', 'ops', { clusterRole: 'view' }),
  document('Cluster', 'prod-eu', {}),
  grant('sre-prod', [{ group: 'sre' }], ['prod-eu'], { role: 'ops' }),
  ...crew.map((name) => user(name)),
  group('crew', crew),
  grant('alice-view', [{ user: 'alice' }], ['prod-eu'], {
    scope: { clusters: { names: ['prod-eu'] }, clusterWide: true },
  }),
  grant('crew-prod', [{ group: 'crew' }], ['prod-eu']),
];
