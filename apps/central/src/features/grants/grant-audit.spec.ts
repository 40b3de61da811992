import { expect, test } from '@jest/globals';
import type { GrantRecord, NewAuditEvent } from '@ambit/persistence';
import { auditGrant, auditGrantDeleted, auditGrantEnded } from './grant-audit.ts';

const record = {
  name: 'g',
  uid: 'u',
  role: { name: 'view', uid: 'r' },
  scope: { clusters: { type: 'names', uids: ['c'] }, namespaces: { type: 'clusterWide' } },
  clusters: [{ uid: 'c', name: 'prod-eu' }],
  subjects: [{ kind: 'User', uid: 'a', name: 'ann' }],
  source: 'request/42',
} as unknown as GrantRecord;

test('whatever happens to a grant, the trail says by which way in it came', () => {
  const told: NewAuditEvent[] = [];
  const tx = { audit: { record: (event: NewAuditEvent) => void told.push(event) } };
  auditGrant(tx, { outcome: 'created', record } as never);
  auditGrant(tx, { outcome: 'updated', record, previous: record } as never);
  auditGrantEnded(tx, record);
  auditGrantDeleted(tx, record);
  expect(told.map(({ type, details }) => [type, details?.['source']])).toEqual([
    ['grant.created', 'request/42'],
    ['grant.updated', 'request/42'],
    ['grant.ended', 'request/42'],
    ['grant.deleted', 'request/42'],
  ]);
});
