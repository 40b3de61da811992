import { AuditEventRecord } from '@ambit/contracts';
import type { AuditEvent } from '@ambit/domain';
import { decodeAuditEvent } from '@ambit/protocol';

/** What PostgreSQL cannot keep in JSON: NUL, and halves of surrogate pairs. */
const unstorable = /\\u0000|\\ud[89a-f][0-9a-f]{2}/gi;

/**
 * One event of the agent of `cluster`; undefined when it cannot be read. An agent speaks for its own cluster only, and
 * as itself or as somebody whom Kubernetes named: what it says beyond that is not believed.
 */
export function eventOf(bytes: Uint8Array, cluster: string): AuditEvent | undefined {
  const decoded = decodeAuditEvent(bytes);
  if (decoded === undefined) return undefined;
  const text = JSON.stringify(decoded).replaceAll(unstorable, '\\ufffd');
  const parsed = AuditEventRecord.safeParse(JSON.parse(text));
  if (!parsed.success) return undefined;
  const { requestId: _, ...event } = parsed.data as AuditEvent;
  const self = { kind: 'agent', name: `agent/${cluster}` } as const;
  return { ...event, actor: event.actor.kind === 'kubernetes' ? event.actor : self, cluster };
}
