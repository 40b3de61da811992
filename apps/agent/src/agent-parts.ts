import type { WayOut } from '@ambit/config';
import type { Logger } from '@ambit/kernel';
import type { AuditTrail } from './audit/open-audit-trail.ts';
import type { CeilingFile } from './ceiling/ceiling-file.ts';
import type { ClockInterval } from './clock/clock-interval.ts';
import type { AgentSettings } from './config.ts';
import type { IdentityKeeper } from './identity/identity-keeper.ts';
import type { DataFolder } from './platform/data-folder.ts';
import type { Observation } from './platform/observation.ts';
import type { OpenKubernetes } from './platform/open-kubernetes.ts';
import type { SharedSecret } from './replicas/shared-secret.ts';
import type { HighWaterFile } from './state/high-water-file.ts';
import type { ObjectInventory } from './state/object-inventory.ts';

/** What is there before there is an identity. */
export interface AgentGround {
  readonly settings: AgentSettings;
  readonly logger: Logger;
  readonly observation: Observation;
  readonly kubernetes: OpenKubernetes;
  readonly folder: DataFolder;
  readonly ceiling: CeilingFile;
  /** What the next replica goes by; absent when there is one only. */
  readonly shared: SharedSecret | undefined;
  /** Which way central is reached. */
  readonly wayOut: WayOut;
}

/** What the parts of a running agent share. */
export interface AgentParts extends AgentGround {
  readonly keeper: IdentityKeeper;
  readonly highWater: HighWaterFile;
  readonly clockInterval: ClockInterval;
  readonly inventory: ObjectInventory;
  readonly trail: AuditTrail;
}
