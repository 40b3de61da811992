import type { AuditActor } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import { auditActor, mayDo, principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { directorySource } from '../identities/public.ts';

/** A provider whose directory is known here. */
export interface ProviderDirectory {
  readonly uid: string;
  readonly name: string;
}

/** Who speaks for a directory. */
export interface DirectoryCaller {
  readonly directory: ProviderDirectory;
  /** Name of the ServiceIdentity. */
  readonly service: string;
  readonly actor: AuditActor;
  readonly requestId: string;
}

/** Of the memberships that a directory gives. */
export const sourceOf = ({ name }: Pick<ProviderDirectory, 'name'>): string =>
  directorySource(name);

/** The service that a provider lets speak for its directory. */
export const serviceOf = (spec: Readonly<Record<string, unknown>>): string | undefined =>
  (spec['directory'] as { readonly service?: string } | undefined)?.service;

/** The directory that the caller speaks for. Throws `permission_denied`. */
export function directoryCaller(
  world: PolicyWorld,
  actor: Actor,
  requestId: string,
): DirectoryCaller {
  const { principal } = actor;
  const directory = principal.kind === 'service' ? directoryOf(world, principal.name) : undefined;
  if (directory === undefined) {
    throw new AppError(
      'permission_denied',
      `${principalName(principal)} speaks for no directory.`,
      {
        why: 'Only the ServiceIdentity that spec.directory.service of an IdentityProvider names does.',
        hint: 'Use a token of that one: ambit service token create SERVICE NAME.',
      },
    );
  }
  if (!mayDo(actor, 'users:write') || !mayDo(actor, 'groups:write')) {
    throw new AppError('permission_denied', `${principalName(principal)} may not write people.`, {
      why: 'It needs a Delegation of the role directory.',
    });
  }
  return { directory, service: principal.name, actor: auditActor(actor), requestId };
}

function directoryOf({ policy }: PolicyWorld, service: string): ProviderDirectory | undefined {
  for (const name of policy.names('IdentityProvider')) {
    const provider = policy.byName('IdentityProvider', name);
    if (provider?.kind === 'Plain' && serviceOf(provider.spec) === service)
      return { uid: provider.uid, name };
  }
  return undefined;
}
