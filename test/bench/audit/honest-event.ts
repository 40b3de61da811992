import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '@ambit/domain';

/** An event as the agent of a cluster tells it of a write; `n` makes it differ from others. */
export function honestEvent(cluster: string, n: number): AuditEvent {
  const namespace = `team-${n % 400}`;
  const name = `ambit-view-${n}`;
  return {
    id: randomUUID(),
    time: new Date().toISOString(),
    type: n % 3 === 0 ? 'binding.deleted' : 'binding.created',
    actor: { kind: 'agent', name: `agent/${cluster}` },
    message: `RoleBinding ${name} in ${namespace} was ${n % 3 === 0 ? 'deleted' : 'created'}`,
    cluster,
    object: { kind: 'RoleBinding', name, namespace, uid: randomUUID() },
    subjects: [`ambit:user-${n % 20_000}`],
    grants: [`grant-${n % 50_000}`],
    revision: 1,
  };
}
