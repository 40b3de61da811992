import type { PolicyChange } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';

/**
 * True for changes that cannot take anything from anybody, by what they are and without working out what they do: objects
 * come that were not there, and nothing changes or goes. What comes adds ways to access and never takes one away.
 */
export function takesNothing(policy: PolicyView, changes: readonly PolicyChange[]): boolean {
  return changes.every((change) => change.op === 'put' && comes(policy, change.object));
}

type Put = Extract<PolicyChange, { op: 'put' }>['object'];

function comes(policy: PolicyView, object: Put): boolean {
  switch (object.kind) {
    case 'User':
      return policy.user(object.uid) === undefined;
    case 'Group':
      return policy.group(object.uid) === undefined;
    case 'Role':
      return policy.role(object.uid) === undefined;
    case 'Grant':
      return policy.grant(object.uid) === undefined;
    case 'Team':
      return policy.team(object.uid) === undefined;
    case 'Cluster':
      return policy.cluster(object.uid) === undefined;
    // A membership is what its uid says, and a plain object gives nobody anything.
    case 'Membership':
    case 'Plain':
      return true;
  }
}
