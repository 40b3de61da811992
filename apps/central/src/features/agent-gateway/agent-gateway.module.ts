import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { appliedEventsToken, joinFactsToken } from '../clusters/public.ts';
import type { AppliedEvents, JoinFacts } from '../clusters/public.ts';
import { connectionsToken } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';

/** What the rest of central may use of the streams. */
export interface GatewayParts {
  readonly connections: Connections;
  readonly applied: AppliedEvents;
  readonly joinFacts: JoinFacts;
}

/** Offers the streams, which were built before Nest, to the slices. */
@Global()
@Module({})
export class AgentGatewayModule {
  static of(parts: GatewayParts): DynamicModule {
    const providers = [
      { provide: connectionsToken, useValue: parts.connections },
      { provide: appliedEventsToken, useValue: parts.applied },
      { provide: joinFactsToken, useValue: parts.joinFacts },
    ];
    return {
      module: AgentGatewayModule,
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
