import { Column, Entity, PrimaryColumn } from 'typeorm';
import { millis } from './columns.ts';

@Entity({ name: 'agents' })
export class AgentEntity {
  @PrimaryColumn({ type: 'text' })
  uid!: string;

  @Column({ type: 'text', name: 'cluster_uid' })
  clusterUid!: string;

  @Column({ ...millis, name: 'revoked_at', nullable: true })
  revokedAt!: number | null;

  @Column({ type: 'text', name: 'revoked_because', nullable: true })
  revokedBecause!: string | null;
}
