/** Why a state is refused as a whole. Intents above the ceiling are no reason: they are left out and reported. */
export type NackCode =
  | 'bad_signature'
  | 'unknown_key'
  | 'wrong_cluster'
  | 'rollback'
  | 'root_mismatch'
  | 'base_mismatch'
  | 'duplicate_key'
  | 'too_large'
  | 'storage_full'
  | 'empty_state_refused'
  | 'malformed'
  | 'equivocation'
  | 'out_of_range';

export interface StateRefusal {
  readonly code: NackCode;
  readonly message: string;
  readonly items?: readonly string[];
}
