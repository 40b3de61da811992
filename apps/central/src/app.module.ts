import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { AnswerInterceptor } from './platform/answer.interceptor.ts';
import { ProblemFilter } from './platform/problem.filter.ts';
import { RuntimeModule } from './platform/runtime.module.ts';
import { runtimeTokens } from './platform/runtime.ts';
import { systemFactsToken } from './platform/system-facts.ts';
import type { SystemFacts } from './platform/system-facts.ts';
import type { Runtime } from './platform/runtime.ts';
import { sliceModules } from './slice-modules.ts';
import type { SliceParts } from './slice-modules.ts';

/** What is built before Nest starts. */
export interface AppParts extends SliceParts {
  readonly runtime: Runtime;
  readonly systemFacts: SystemFacts;
}

/** The slices of central around the parts that were built before. */
@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DiscoveryModule,
        RuntimeModule.of(parts.runtime, [
          { provide: systemFactsToken, useValue: parts.systemFacts },
        ]),
        ...sliceModules(parts),
      ],
      providers: [
        { provide: APP_GUARD, useValue: parts.edge.guard },
        { provide: APP_INTERCEPTOR, useValue: parts.edge.lifetime },
        { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
        {
          provide: APP_FILTER,
          useFactory: (logger: Runtime['logger']) => new ProblemFilter(logger),
          inject: [runtimeTokens.logger],
        },
      ],
    };
  }
}
