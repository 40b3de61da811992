import type { PolicyRule } from './model.ts';

/** What central says a cluster should hold, before the agent knows which namespaces there are. */

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** Kubernetes' label selector as requirements, sorted; matchLabels are `In` with one value. None selects everything. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
}

export type IntentScope =
  | { readonly type: 'clusterWide' }
  | { readonly type: 'namespaces'; readonly names: readonly string[] }
  | { readonly type: 'selector'; readonly selector: LabelSelector };

/** `existing`: a ClusterRole that the cluster's owner installed. `ours`: a RoleIntent of the same state. */
export type RoleReference =
  | { readonly type: 'existing'; readonly clusterRole: string }
  | { readonly type: 'ours'; readonly roleUid: string };

/** How people are named as subjects: by their user names, by groups they are in, or by a ServiceAccount each. */
export type SubjectMode = 'Users' | 'Groups' | 'ServiceAccounts';

export interface ConfigEntry {
  readonly section: 'CONFIG';
  readonly key: string;
  readonly clusterName: string;
  readonly clusterUid: string;
  readonly userPrefix: string;
  readonly subjectMode: SubjectMode;
}

export interface RoleIntent {
  readonly section: 'ROLE';
  readonly key: string;
  readonly uid: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

export interface DenyEntry {
  readonly section: 'DENY';
  readonly key: string;
  readonly userUid: string;
  /** As bindings name the person: the whole user name, prefix included, or the ServiceAccount. */
  readonly subject: string;
}

export interface BindingIntent {
  readonly section: 'BINDING';
  readonly key: string;
  readonly role: RoleReference;
  readonly scope: IntentScope;
  /** Set when time-bound; absent when standing. */
  readonly grantUid?: string;
  /** Prefix of SHA-256(subject) as a text of 0 and 1. */
  readonly shard: string;
  readonly subjectKind: SubjectMode;
  /** Kubernetes names, sorted, unique, at most 256: with prefix, or of ServiceAccounts in `accessNamespace`. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Names of the grants behind it, sorted, at most 16: for people who read the object in Kubernetes. */
  readonly grants: readonly string[];
}

/** A public key of central's issuer, as it is published: ES256 and nothing else. */
export interface IssuerKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly kid: string;
  /** The point, base64url. */
  readonly x: string;
  readonly y: string;
}

/** Somebody left a group: tokens that were issued before do not say so yet. */
export interface Departure {
  /** Of `departureId`. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly before: number;
}

/** By what an agent judges the tokens that its API server shows it. It stands where tokens come in through the webhook. */
export interface CredentialsEntry {
  readonly section: 'CREDENTIALS';
  readonly key: string;
  readonly issuer: string;
  /** The whole audience of tokens for this cluster. */
  readonly audience: string;
  readonly userPrefix: string;
  readonly keys: readonly IssuerKey[];
  /** Ids of sessions that ended within the longest life of a token, sorted. */
  readonly endedSessions: readonly string[];
  /** Seconds since 1970: tokens issued before it may be of sessions that ended and are too many to be listed. */
  readonly issuedFrom?: number;
  /** In mode Groups: whose older tokens name groups that they are not in any more; sorted by id. */
  readonly departures?: readonly Departure[];
  /** Seconds since 1970: no group counts of tokens issued before, because too many people left too many groups. */
  readonly groupsFrom?: number;
}

/** Kinds of objects that a profile puts into a namespace, each with a spec and nothing else. */
export const profileObjectKinds = ['ResourceQuota', 'LimitRange', 'NetworkPolicy'] as const;
export type ProfileObjectKind = (typeof profileObjectKinds)[number];

/** One object that stands in each namespace of a profile. */
export interface ProfileObject {
  readonly kind: ProfileObjectKind;
  /** Begins with `ambit-`. */
  readonly name: string;
  /** Its spec as JSON with sorted keys. */
  readonly spec: string;
}

/** What stands in the namespaces of teams: how they are labelled, and with which objects. */
export interface ProfileEntry {
  readonly section: 'PROFILE';
  readonly key: string;
  readonly uid: string;
  readonly name: string;
  /** May a namespace that is named and missing be created? */
  readonly create: boolean;
  /** Labels of the namespace by key and value, sorted by key; those of Pod Security among them. */
  readonly labels: readonly (readonly [key: string, value: string])[];
  /** Sorted by kind and name. */
  readonly objects: readonly ProfileObject[];
}

/** A namespace, or how names begin and a `*`, that belongs to a team, and by which profile it is kept. */
export interface NamespaceEntry {
  readonly section: 'NAMESPACE';
  readonly key: string;
  readonly pattern: string;
  readonly teamUid: string;
  readonly team: string;
  /** uid of a ProfileEntry of the same state. */
  readonly profileUid: string;
}

export type Intent =
  | ConfigEntry
  | RoleIntent
  | DenyEntry
  | BindingIntent
  | CredentialsEntry
  | ProfileEntry
  | NamespaceEntry;
export type Section = Intent['section'];

/** Sections in the order they are applied. */
export const sections = [
  'CONFIG',
  'ROLE',
  'DENY',
  'BINDING',
  'CREDENTIALS',
  'PROFILE',
  'NAMESPACE',
] as const satisfies readonly Section[];
