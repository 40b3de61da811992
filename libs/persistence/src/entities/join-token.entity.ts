import { Column, Entity, PrimaryColumn } from 'typeorm';
import { millis } from './columns.ts';

@Entity({ name: 'join_tokens' })
export class JoinTokenEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text', name: 'cluster_uid' })
  clusterUid!: string;

  @Column({ type: 'bytea', name: 'secret_hash' })
  secretHash!: Buffer;

  @Column({ type: 'bytea', name: 'proof_key', nullable: true })
  proofKey!: Buffer | null;

  @Column({ type: 'text', name: 'created_by' })
  createdBy!: string;

  @Column({ ...millis, name: 'created_at', insert: false })
  createdAt!: number;

  @Column({ ...millis, name: 'expires_at' })
  expiresAt!: number;

  @Column({ ...millis, name: 'used_at', nullable: true })
  usedAt!: number | null;
}
