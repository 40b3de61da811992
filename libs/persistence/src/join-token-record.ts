import type { Millis } from '@ambit/kernel';

export interface JoinTokenRecord {
  readonly id: string;
  readonly clusterUid: string;
  readonly createdBy: string;
  readonly createdAt: Millis;
  readonly expiresAt: Millis;
  readonly usedAt?: Millis;
}
