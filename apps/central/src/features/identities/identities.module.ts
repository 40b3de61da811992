import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { IdentitiesController } from './identities.controller.ts';
import { ManageIdentities } from './manage-identities.ts';

/** Who people are at providers. */
@Module({})
export class IdentitiesModule {
  static of(identities: ManageIdentities): DynamicModule {
    return {
      module: IdentitiesModule,
      controllers: [IdentitiesController],
      providers: [{ provide: ManageIdentities, useValue: identities }],
    };
  }
}
