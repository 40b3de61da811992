import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ExchangeToken } from './exchange-token.ts';
import { ServiceTokens } from './service-tokens.ts';
import { ServicesController } from './services.controller.ts';

/** Pipelines and programs. */
@Module({})
export class ServicesModule {
  static of(exchange: ExchangeToken, tokens: ServiceTokens): DynamicModule {
    return {
      module: ServicesModule,
      controllers: [ServicesController],
      providers: [
        { provide: ExchangeToken, useValue: exchange },
        { provide: ServiceTokens, useValue: tokens },
      ],
    };
  }
}
