import { Global, Module } from '@nestjs/common';
import type { DynamicModule, ValueProvider } from '@nestjs/common';
import { runtimeTokens } from './runtime.ts';
import type { Runtime } from './runtime.ts';

/** Offers the parts of the runtime to every slice. */
@Global()
@Module({})
export class RuntimeModule {
  static of(runtime: Runtime, more: readonly ValueProvider[]): DynamicModule {
    const names = Object.keys(runtimeTokens) as (keyof Runtime)[];
    const providers = [
      ...names.map((name) => ({ provide: runtimeTokens[name], useValue: runtime[name] })),
      ...more,
    ];
    return { module: RuntimeModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
