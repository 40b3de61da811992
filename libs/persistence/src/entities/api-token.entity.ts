import { Column, Entity, PrimaryColumn } from 'typeorm';
import { millis } from './columns.ts';

@Entity({ name: 'api_tokens' })
export class ApiTokenEntity {
  @PrimaryColumn({ type: 'text' })
  uid!: string;

  @Column({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'text' })
  role!: string;

  @Column({ ...millis, name: 'created_at', insert: false })
  createdAt!: number;

  @Column({ ...millis, name: 'expires_at', nullable: true })
  expiresAt!: number | null;

  @Column({ ...millis, name: 'last_used_at', nullable: true })
  lastUsedAt!: number | null;

  @Column({ ...millis, name: 'revoked_at', nullable: true })
  revokedAt!: number | null;
}
