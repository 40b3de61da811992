export type { DevPerson } from './dev-person.ts';
export type { DevFaults, DevProvider, DevProviderOptions, ServingPair } from './dev-provider.ts';
export type { DialectName } from './dialects.ts';
export { logInByForm } from './log-in-by-form.ts';
export { startDevProvider } from './start-dev-provider.ts';
export { startProviderProcess } from './process/provider-process.ts';
