import { Module } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { Database } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { connectionsToken, PolicyModule } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';
import { GrantReader } from './grant-reader.ts';
import { GrantsController } from './grants.controller.ts';
import { GrantsInForce } from './grants-in-force.ts';

/** Grants: who holds which role where, until when. */
@Module({
  imports: [PolicyModule],
  controllers: [GrantsController],
  providers: [
    {
      provide: GrantReader,
      useFactory: (
        database: Database,
        world: PolicyWorld,
        connections: Connections,
        clock: Clock,
      ) => {
        const inForce = new GrantsInForce({ database, world, connections, clock });
        return new GrantReader(database, world, inForce, clock);
      },
      inject: [runtimeTokens.database, PolicyWorld, connectionsToken, runtimeTokens.clock],
    },
  ],
})
export class GrantsModule {}
