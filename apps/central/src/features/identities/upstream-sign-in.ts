import type { AppError } from '@ambit/kernel';

/** What a provider said of a person, once its token was verified. */
export interface UpstreamSignIn {
  /** Name of the IdentityProvider. */
  readonly provider: string;
  /** As the token names it. */
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Mark of this sign-in there, by which the provider tells of its end; absent when it tells sign-ins not apart. */
  readonly session?: string;
  /** False when the provider left groups out because there are too many, and they could not be read in another way. */
  readonly groupsComplete: boolean;
}

/** Where a sign-in comes from. */
export interface SignInOrigin {
  readonly address: string;
  readonly requestId?: string;
}

/** Who came in. */
export interface AdmittedIdentity {
  readonly person: { readonly uid: string; readonly name: string };
  /** uid of the identity: the session that begins by it names it. */
  readonly identity: string;
  /** What the person should know, such as groups that could not be given. */
  readonly notes: readonly string[];
}

/** A group that a rule gives. */
export interface PreviewedGroup {
  readonly group: string;
  /** Places of the rules that give it, from 0. */
  readonly rules: readonly number[];
  /** Why it is not given all the same: it does not exist, or is closed. */
  readonly refused?: string;
}

/** What a sign-in would do. */
export interface IdentityPreview {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Whom it is or would become; absent when it would be refused. */
  readonly person?: { readonly name: string; readonly how: LinkedHow; readonly isNew: boolean };
  readonly refusal?: AppError;
  readonly groups: readonly PreviewedGroup[];
  /** Names of groups that the person would join and leave. */
  readonly joins: readonly string[];
  readonly leaves: readonly string[];
  /** Grants that the person would hold then, and through which group and team; without one by name. */
  readonly access: readonly PreviewedAccess[];
  readonly notes: readonly string[];
}

export interface PreviewedAccess {
  readonly grant: string;
  readonly role: string;
  readonly group?: string;
  readonly team?: string;
}

/** By which rule an identity is or would be linked. `Link`: it is already. */
export type LinkedHow = 'Link' | 'ExternalId' | 'Email' | 'OnSignIn';
