import { Module } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { Database, UnitOfWork } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import { ManageTokens } from './manage-tokens.ts';
import { TokensController } from './tokens.controller.ts';

/** API tokens and who the caller is. */
@Module({
  controllers: [TokensController],
  providers: [
    {
      provide: ManageTokens,
      useFactory: (unitOfWork: UnitOfWork, database: Database, clock: Clock) =>
        new ManageTokens(unitOfWork, database, clock),
      inject: [runtimeTokens.unitOfWork, runtimeTokens.database, runtimeTokens.clock],
    },
  ],
})
export class TokensModule {}
