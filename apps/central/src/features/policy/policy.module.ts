import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApplyDocuments } from './apply-documents.ts';
import { connectionsToken } from './connections.ts';
import { kindController } from './kind.controller.ts';
import { KindEndpoints } from './kind-endpoints.ts';
import { PolicyController } from './policy.controller.ts';
import type { PolicyUseCases } from './policy-use-cases.ts';
import { ScopeWarnings } from './scope-warnings.ts';

/** The routes of policy files, and the four operations of every kind. */
@Module({})
export class PolicyModule {
  static of(useCases: PolicyUseCases): DynamicModule {
    const { kinds, apply, connections, warnings } = useCases;
    return {
      module: PolicyModule,
      controllers: [PolicyController, ...kinds.all.map(({ kind }) => kindController(kind))],
      providers: [
        { provide: ApplyDocuments, useValue: apply },
        { provide: connectionsToken, useValue: connections },
        { provide: ScopeWarnings, useValue: warnings },
        { provide: KindEndpoints, useValue: new KindEndpoints(useCases) },
      ],
    };
  }
}
