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

test('the trail says within which hours a grant holds', () => {
  const told: NewAuditEvent[] = [];
  const tx = { audit: { record: (event: NewAuditEvent) => void told.push(event) } };
  const hours = [{ days: ['Mon', 'Tue', 'Wed'], from: '08:00', to: '18:00', timeZone: 'UTC' }];
  auditGrant(tx, { outcome: 'created', record: { ...record, hours } } as never);
  expect(told).toMatchObject([
    {
      message: 'Grant g was created: view in prod-eu for ann within Mon-Wed 08:00–18:00 UTC',
      details: { hours: 'Mon-Wed 08:00–18:00 UTC' },
    },
  ]);
});
