import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ManageTokens } from './manage-tokens.ts';
import { TokensController } from './tokens.controller.ts';

/** API tokens. */
@Module({})
export class TokensModule {
  static of(tokens: ManageTokens): DynamicModule {
    return {
      module: TokensModule,
      controllers: [TokensController],
      providers: [{ provide: ManageTokens, useValue: tokens }],
    };
  }
}
