import { Module } from '@nestjs/common';
import type { Logger } from '@ambit/kernel';
import type { Database } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { AuditController } from './audit.controller.ts';
import { AuditTail } from './audit-tail.ts';

/** What happened: listed, and followed live. */
@Module({
  controllers: [AuditController],
  providers: [
    {
      provide: AuditTail,
      useFactory: (database: Database, logger: Logger, world: PolicyWorld) => {
        const tail = new AuditTail(database, logger);
        world.subscribe(() => tail.wake());
        return tail;
      },
      inject: [runtimeTokens.database, runtimeTokens.logger, PolicyWorld],
    },
  ],
  exports: [AuditTail],
})
export class AuditModule {}
