import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { statusMessage } from './status.ts';
import type { Conditions } from './status.ts';

const fine: Conditions = {
  clockUncertain: false,
  storageFull: false,
  auditStalled: false,
  stateStale: false,
  removalsHeld: false,
  gainsHeld: false,
  ceilingInvalid: false,
  admission: 'in_force',
};
const report = {
  durationMs: 0,
  problems: [],
  moreProblems: 0,
} as unknown as Parameters<typeof statusMessage>[0]['report'];
const reconcile = {
  appliedRevision: 1,
  objects: 0,
  driftRepairs: 0,
  heldRemovals: 0,
  heldGains: 0,
  ready: true,
  report,
};
const digests = {
  sha256: (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest(),
  utf8: (text: string): Uint8Array => new TextEncoder().encode(text),
};

test('an audit upload that stalls is told to central over the stream that still works', () => {
  const told = (change: Partial<Conditions>): readonly string[] =>
    statusMessage(reconcile, defaultCeiling, { ...fine, ...change }, digests).conditions;
  expect(told({})).toEqual([]);
  expect(told({ auditStalled: true })).toEqual(['AUDIT_STALLED']);
});
