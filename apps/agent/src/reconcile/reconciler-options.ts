import type { Clock, Digests, Logger, Random } from '@ambit/kernel';
import type { KubeClient } from '@ambit/kube';
import type { Ceiling } from '@ambit/rbac';
import type { WriteAnnouncer } from '../audit/write-announcements.ts';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { ObjectInventory } from '../state/object-inventory.ts';
import type { AuditRecorder } from './object-audit.ts';

export interface ClusterReconcilerOptions {
  readonly client: KubeClient;
  readonly identity: { readonly kubeSystemUid: string; readonly installationUid: string };
  readonly ceiling: Ceiling;
  readonly clock: ClockInterval;
  readonly platformClock: Clock;
  readonly inventory: ObjectInventory;
  readonly audit: AuditRecorder;
  readonly announcer: WriteAnnouncer;
  readonly digests: Digests;
  readonly logger: Logger;
  readonly random: Random;
}
