import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PolicyWorld } from './policy-world.ts';

/** The policy in memory. It is loaded before Nest starts, because nothing may be answered without it. */
@Global()
@Module({})
export class DesiredStateModule {
  static of(world: PolicyWorld): DynamicModule {
    return {
      module: DesiredStateModule,
      providers: [{ provide: PolicyWorld, useValue: world }],
      exports: [PolicyWorld],
    };
  }
}
