import { expect } from '@jest/globals';
import type { Policy, PolicyCommit } from '../src/index.ts';
import { stateOf } from './policy-state.ts';

/** The keys that a commit says it touched are those that differ, and what they were before is told. */
export function followsAsTold(policy: Policy, commit: PolicyCommit): void {
  const before = stateOf(policy);
  const done = policy.follow(commit);
  const after = stateOf(policy);
  for (const uid of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const keys = Object.keys({ ...before[uid], ...after[uid] });
    const different = keys.filter((key) => !sameText(before[uid]?.[key], after[uid]?.[key]));
    expect([...(done.touched.get(uid) ?? [])].sort()).toEqual(different.sort());
    for (const key of different) expect(done.before(uid, key)).toEqual(before[uid]?.[key]);
  }
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
