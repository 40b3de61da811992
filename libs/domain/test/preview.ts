import type { PolicyChange } from '../src/policy-objects.ts';
import type { Policy } from '../src/policy/policy.ts';
import type { Effect } from '../src/preview/effect.ts';
import { measureEffect } from '../src/preview/preview.ts';

/** The effect alone, as a dry run answers it. */
export function preview(policy: Policy, changes: readonly PolicyChange[]): Effect {
  return measureEffect(policy, changes).effect;
}
