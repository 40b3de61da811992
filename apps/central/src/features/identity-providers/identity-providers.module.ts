import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { IdentityProvidersController } from './identity-providers.controller.ts';
import { ProviderTests } from './provider-tests.ts';

/** Tests of the company's providers. */
@Module({})
export class IdentityProvidersModule {
  static of(tests: ProviderTests): DynamicModule {
    return {
      module: IdentityProvidersModule,
      controllers: [IdentityProvidersController],
      providers: [{ provide: ProviderTests, useValue: tests }],
    };
  }
}
