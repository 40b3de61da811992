import { Column, Entity, PrimaryColumn } from 'typeorm';
import { millis } from './columns.ts';

@Entity({ name: 'agent_certificates' })
export class AgentCertificateEntity {
  /** Lower-case hexadecimal SHA-256 of the DER certificate. */
  @PrimaryColumn({ type: 'text' })
  fingerprint!: string;

  @Column({ type: 'text', name: 'agent_uid' })
  agentUid!: string;

  @Column({ type: 'text' })
  serial!: string;

  @Column({ ...millis, name: 'not_before' })
  notBefore!: number;

  @Column({ ...millis, name: 'not_after' })
  notAfter!: number;

  /** Fingerprint of the one by whose right it was got; null for the first. */
  @Column({ type: 'text', name: 'renewed_by', nullable: true })
  renewedBy!: string | null;

  @Column({ ...millis, name: 'completed_hello_at', nullable: true })
  completedHelloAt!: number | null;
}
