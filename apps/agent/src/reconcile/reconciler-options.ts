import type { Digests, Logger, Random } from '@ambit/kernel';
import type { KubeClient, Timers } from '@ambit/kube';
import type { BindingObject, Ceiling, nextLife, ObjectKey, RoleObject } from '@ambit/rbac';
import type { WriteAnnouncer } from '../audit/write-announcements.ts';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { Inventory } from '../state/object-inventory.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { StateFollower } from './ports.ts';

/** The calls a reconciler makes. */
export type ReconcilerClient = Pick<
  KubeClient,
  'list' | 'watch' | 'get' | 'create' | 'mergePatch' | 'delete'
>;

/** Told of every ClusterRole, and of bindings that carry our label without being ours. */
export interface StrangerListener {
  putBinding(binding: BindingObject, by: 'ours'): void;
  removeBinding(key: ObjectKey, by: 'ours'): void;
  putRole(role: RoleObject): void;
  removeRole(key: ObjectKey): void;
}

export interface ClusterReconcilerOptions {
  readonly client: ReconcilerClient;
  readonly identity: { readonly kubeSystemUid: string; readonly installationUid: string };
  readonly ceiling: Ceiling;
  readonly clock: ClockInterval;
  readonly inventory: Inventory;
  readonly audit: AuditRecorder;
  readonly announcer: WriteAnnouncer;
  readonly digests: Digests;
  readonly logger: Logger;
  /** Told of what gives access and is not ours, as far as the watches of the reconciler see it. */
  readonly strangers?: StrangerListener;
  /** Told of every state, removal and revocation before they are carried out. */
  readonly follower?: StateFollower;
  readonly random: Random;
  /** The machine's by default. */
  readonly timers?: Timers;
  /** The life of an object; another one only to try what a fault in it would do. */
  readonly next?: typeof nextLife;
}
