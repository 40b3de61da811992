import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import type { Logger } from '@ambit/kernel';
import { AccessModule } from './features/access/public.ts';
import { AuditModule } from './features/audit/public.ts';
import type { AuditTail } from './features/audit/public.ts';
import { ClustersModule } from './features/clusters/public.ts';
import { CredentialsModule } from './features/credentials/public.ts';
import { DesiredStateModule } from './features/desired-state/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { IdentitiesModule } from './features/identities/public.ts';
import { IdentityProvidersModule } from './features/identity-providers/public.ts';
import { PeopleModule } from './features/people/public.ts';
import { PolicyModule } from './features/policy/public.ts';
import { ServicesModule } from './features/services/public.ts';
import { SessionsModule } from './features/sessions/public.ts';
import { SystemModule } from './features/system/system.module.ts';
import { TokensModule } from './features/tokens/public.ts';
import { AnswerInterceptor } from './platform/answer.interceptor.ts';
import { ProblemFilter } from './platform/problem.filter.ts';
import { RuntimeModule } from './platform/runtime.module.ts';
import { runtimeTokens } from './platform/runtime.ts';
import { systemFactsToken } from './platform/system-facts.ts';
import type { SystemFacts } from './platform/system-facts.ts';
import type { Runtime } from './platform/runtime.ts';
import type { RestEdge } from './rest-edge.ts';
import type { UseCases } from './use-cases.ts';

/** What is built before Nest starts. */
export interface AppParts {
  readonly runtime: Runtime;
  readonly world: PolicyWorld;
  readonly tail: AuditTail;
  readonly useCases: UseCases;
  readonly edge: RestEdge;
  readonly systemFacts: SystemFacts;
}

/** The slices of central around the parts that were built before. */
@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    const { useCases } = parts;
    return {
      module: AppModule,
      imports: [
        DiscoveryModule,
        RuntimeModule.of(parts.runtime, [
          { provide: systemFactsToken, useValue: parts.systemFacts },
        ]),
        DesiredStateModule.of(parts.world),
        PolicyModule.of(useCases.policy),
        PeopleModule.of(useCases.membership),
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
      ],
      providers: [
        { provide: APP_GUARD, useValue: parts.edge.guard },
        { provide: APP_INTERCEPTOR, useValue: parts.edge.lifetime },
        { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
        {
          provide: APP_FILTER,
          useFactory: (logger: Logger) => new ProblemFilter(logger),
          inject: [runtimeTokens.logger],
        },
      ],
    };
  }
}
