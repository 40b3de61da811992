import type { DynamicModule, Type } from '@nestjs/common';
import { AccessModule } from './features/access/public.ts';
import { AuditModule } from './features/audit/public.ts';
import { ClustersModule } from './features/clusters/public.ts';
import { CredentialsModule } from './features/credentials/public.ts';
import { DesiredStateModule } from './features/desired-state/public.ts';
import { DirectoriesModule } from './features/directories/public.ts';
import { IdentitiesModule } from './features/identities/public.ts';
import { IdentityProvidersModule } from './features/identity-providers/public.ts';
import { PeopleModule } from './features/people/public.ts';
import { PolicyModule } from './features/policy/public.ts';
import { ServicesModule } from './features/services/public.ts';
import { SessionsModule } from './features/sessions/public.ts';
import { SystemModule } from './features/system/system.module.ts';
import { TokensModule } from './features/tokens/public.ts';
import type { AuditTail } from './features/audit/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import type { RestEdge } from './rest-edge.ts';
import type { UseCases } from './use-cases.ts';

/** What the slices are built around. */
export interface SliceParts {
  readonly world: PolicyWorld;
  readonly tail: AuditTail;
  readonly useCases: UseCases;
  readonly edge: RestEdge;
}

/** The slices of central, each around its use cases. */
export function sliceModules(parts: SliceParts): (DynamicModule | Type)[] {
  const { useCases } = parts;
  return [
    DesiredStateModule.of(parts.world),
    PolicyModule.of(useCases.policy),
    PeopleModule.of(useCases.membership),
    DirectoriesModule.of(useCases.directories.manage),
    IdentitiesModule.of(useCases.identities),
    ClustersModule.of(useCases.clusters),
    AccessModule.of(useCases.access),
    AuditModule.of(parts.tail),
    ServicesModule.of(parts.edge.exchange, useCases.serviceTokens),
    SessionsModule.of(useCases.sessions),
    CredentialsModule.of(useCases.credentials),
    TokensModule.of(useCases.tokens),
    IdentityProvidersModule.of(useCases.providerTests),
    SystemModule,
  ];
}
