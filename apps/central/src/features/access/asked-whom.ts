import { holderOfService } from '@ambit/domain';
import type { PolicyUser, PolicyView } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import { mayDo, principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { Waiting } from './past-policies.ts';

/** Whom a question is about, as it was asked. */
export interface AskedWhom {
  readonly user?: string | undefined;
  readonly service?: string | undefined;
}

/** Who asks about access, and of whom that may be. */
export interface Asker {
  /** May ask about everybody. */
  readonly readsAll: boolean;
  /** The person or program itself; absent for a token, which is nobody in a cluster. */
  readonly self?: AskedWhom;
  readonly waiting: Waiting;
}

/** A caller as an asker; `ended` aborts when it waits no more. */
export function askerOf(actor: Actor, ended: AbortSignal): Asker {
  const { principal } = actor;
  const { kind, name } = principal;
  return {
    readsAll: mayDo(actor, 'access:read'),
    ...(kind === 'token' ? {} : { self: { [kind]: name } }),
    waiting: { caller: principalName(principal), ended },
  };
}

/**
 * The name of whom is asked about, as the policy has it; whoever asks, when nobody is named. Who may not read the access of
 * others is told that there are none: throws `not_found`.
 */
export function askedHolder({ readsAll, self }: Asker, asked: AskedWhom): string {
  const { user, service } = asked;
  if (user !== undefined && service !== undefined)
    throw new AppError('invalid_request', 'Name one of user and service, not both.');
  const whom = user === undefined && service === undefined ? self : asked;
  if (whom === undefined)
    throw new AppError(
      'invalid_request',
      'An API token is nobody in a cluster: name whom you mean.',
      {
        hint: 'Name a user or a service.',
      },
    );
  if (!readsAll && (whom.user !== self?.user || whom.service !== self?.service)) throw nobody(whom);
  return holderName(whom);
}

/** Throws `not_found` for whoever may not read the access of others. */
export function requireReader({ readsAll }: Asker, kind: string, name: string): void {
  if (!readsAll) throw notFound(kind, name);
}

/** The person or program with a name of `askedHolder`. Throws `not_found`. */
export function holderIn(policy: PolicyView, holder: string, asked: AskedWhom): PolicyUser {
  const user = policy.byName('User', holder);
  if (user?.kind === 'User') return user;
  throw asked.service === undefined ? notFound('User', holder) : nobody(asked);
}

const nobody = ({ user, service }: AskedWhom): AppError =>
  service === undefined ? notFound('User', user ?? '') : notFound('ServiceIdentity', service);

const holderName = ({ user, service }: AskedWhom): string =>
  service === undefined ? (user ?? '') : holderOfService(service);
