import { holderOfService, serviceOfHolder } from '@ambit/domain';
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
  readonly self?: AskedWhom & { readonly uid: string };
  readonly waiting: Waiting;
}

/** A caller as an asker; `ended` aborts when it waits no more. */
export function askerOf(actor: Actor, ended: AbortSignal): Asker {
  const { principal } = actor;
  return {
    readsAll: mayDo(actor, 'access:read'),
    ...(principal.kind === 'token'
      ? {}
      : { self: { [principal.kind]: principal.name, uid: principal.uid } }),
    waiting: { caller: principalName(principal), ended },
  };
}

/**
 * The name of whom is asked about, as the policy has it; whoever asks, when nobody is named. Who may not read the access of
 * others is told that there are none: throws `not_found`.
 */
export function askedHolder({ readsAll, self }: Asker, asked: AskedWhom): string {
  if (asked.user !== undefined && asked.service !== undefined)
    throw new AppError('invalid_request', 'Name one of user and service, not both.');
  const whom = isNamed(asked) ? asked : self;
  if (whom === undefined) {
    const message = 'An API token is nobody in a cluster: name whom you mean.';
    throw new AppError('invalid_request', message, { hint: 'Name a user or a service.' });
  }
  if (!readsAll && !isSame(whom, self)) throw nobody(whom);
  return holderName(whom);
}

const isNamed = ({ user, service }: AskedWhom): boolean =>
  user !== undefined || service !== undefined;

const isSame = (one: AskedWhom, other: AskedWhom | undefined): boolean =>
  one.user === other?.user && one.service === other?.service;

/** Throws `not_found` for whoever may not read the access of others. */
export function requireReader({ readsAll }: Asker, kind: string, name: string): void {
  if (!readsAll) throw notFound(kind, name);
}

/**
 * The person or program with a name of `askedHolder`. Throws `not_found`, also to who asks for the own access of a time when
 * somebody else had the name.
 */
export function holderIn(
  policy: PolicyView,
  holder: string,
  { readsAll, self }: Asker,
): PolicyUser {
  const user = policy.byName('User', holder);
  if (user?.kind === 'User' && (readsAll || user.uid === self?.uid)) return user;
  const service = serviceOfHolder(holder);
  throw nobody(service === undefined ? { user: holder } : { service });
}

const nobody = ({ user, service }: AskedWhom): AppError =>
  service === undefined ? notFound('User', user ?? '') : notFound('ServiceIdentity', service);

const holderName = ({ user, service }: AskedWhom): string =>
  service === undefined ? (user ?? '') : holderOfService(service);
