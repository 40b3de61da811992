export type RefusalReason =
  | 'role_not_allowed'
  | 'custom_roles_off'
  | 'rule_malformed'
  | 'verb_forbidden'
  | 'rule_not_covered'
  | 'cluster_scope_off'
  | 'namespace_protected'
  | 'subject_prefix'
  | 'subject_account'
  | 'subject_reserved'
  | 'subject_characters';

/** Why the ceiling does not let something through, in words for its owner and for the admin. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  readonly namespace?: string;
  readonly subject?: string;
}
