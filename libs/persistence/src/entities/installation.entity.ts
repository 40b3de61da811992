import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintNumber, millis } from './columns.ts';

@Entity({ name: 'installation' })
export class InstallationEntity {
  /** The key of a table of one row. */
  @PrimaryColumn({ type: 'boolean', default: true })
  singleton!: boolean;

  @Column({ type: 'text' })
  uid!: string;

  @Column({ type: 'integer', name: 'compiler_version' })
  compilerVersion!: number;

  @Column({ ...bigintNumber, name: 'state_epoch' })
  stateEpoch!: number;

  @Column({ type: 'text', name: 'ca_fingerprint' })
  caFingerprint!: string;

  @Column({ type: 'text', name: 'state_key_fingerprint' })
  stateKeyFingerprint!: string;

  @Column({ type: 'text', name: 'epoch_key_fingerprint' })
  epochKeyFingerprint!: string;

  @Column({ ...millis, name: 'bootstrapped_at', nullable: true })
  bootstrappedAt!: number | null;

  @Column({ ...bigintNumber, name: 'explained_from', insert: false })
  explainedFrom!: number;

  @Column({ type: 'bytea', name: 'epoch_raise', nullable: true })
  epochRaise!: Buffer | null;
}
