import type { DevFaults, DevProviderOptions } from '../dev-provider.ts';

/** What a provider in a process of its own is told, one after the other. */
export type ProviderOrder =
  | { readonly start: DevProviderOptions }
  | { readonly misbehave: DevFaults }
  | { readonly rotateKeys: true }
  | { readonly logoutToken: string; readonly claims: Readonly<Record<string, unknown>> };

/** What it answers to each. */
export interface ProviderReply {
  /** Of the start. */
  readonly started?: {
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
  readonly logoutToken?: string;
  readonly failed?: string;
}
