/** The roles of an embedded database. In one of your own they may have any names. */
export const roleNames = {
  /** Owns the tables: migrations, partitions, retention. */
  owner: 'ambit_owner',
  application: 'ambit_app',
  auditWriter: 'ambit_audit',
} as const;

/** Who may use a database beside its owner. */
export interface DatabaseRoles {
  readonly application: string;
  /** Stores what agents report; the application does it where there is none. */
  readonly auditWriter?: string;
}
