import type { AccessAnswer } from '@ambit/contracts';
import type { AccessRefusal, Grantable } from '@ambit/domain';

type Advice = Pick<AccessAnswer, 'hint' | 'nextCommand'>;

/** Of whom and where it was asked. */
export interface WhomAndWhere {
  readonly user: string;
  readonly cluster: string;
  readonly namespace?: string | undefined;
}

/** What would turn a no into a yes. A grant is advised only where the ceiling of the cluster would let it through. */
export function accessAdvice(
  [nearest]: readonly Pick<AccessRefusal, 'reason'>[],
  { user, cluster, namespace }: WhomAndWhere,
  grantable: Grantable,
): Advice {
  switch (nearest?.reason) {
    case 'user_unknown':
      return user.startsWith('service/')
        ? { hint: 'It has to be made first.', nextCommand: 'ambit get services' }
        : { hint: 'The user has to be made first.', nextCommand: 'ambit get users' };
    case 'user_inactive':
      return { hint: 'The user is locked.', nextCommand: `ambit user unlock ${user}` };
    case 'agent_never_seen':
      return {
        hint: 'Nothing is in force before its agent joins.',
        nextCommand: `ambit cluster status ${cluster}`,
      };
    case 'outside_hours':
    case 'grant_pending':
      return { hint: 'It begins by itself.' };
    case 'condition_not_met':
      return { hint: 'It comes into force by itself when the condition holds.' };
    case 'namespace_missing':
      return { hint: 'It comes into force by itself when the namespace is there.' };
    default:
      return grantAdvice({ user, cluster, namespace }, grantable);
  }
}

function grantAdvice({ user, cluster, namespace }: WhomAndWhere, grantable: Grantable): Advice {
  if (!grantable.possible) {
    return {
      hint: `No grant helps: the ceiling of ${cluster} belongs to its owner, and ${grantable.message}.`,
    };
  }
  const scope = namespace === undefined ? cluster : `${cluster}/${namespace}`;
  const roles = grantable.roles.join(', ');
  return {
    hint: `An administrator can grant it${roles === '' ? '' : `; these roles would do: ${roles}`}.`,
    nextCommand: `ambit grant ${user} ROLE ${scope}`,
  };
}
