import type { z } from 'zod';

/** What the REST API and policy files know of one kind of policy object. Everything else about it follows from this. */
export interface KindContract<
  K extends string = string,
  P extends string = string,
  W extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
  L extends z.ZodType = z.ZodType,
> {
  readonly kind: K;
  /** Its name in paths, permissions and commands. */
  readonly plural: P;
  /** Body of PUT, and a document of a policy file. */
  readonly write: W;
  readonly read: R;
  readonly list: L;
  /** One sentence for people who look for it. */
  readonly summary: string;
  /** Fields that are designed and not built yet, told as "not in this version". `*` stands for a position in a list. */
  readonly laterFields?: readonly string[];
  /** Tokens of the role sync read and write it. */
  readonly synced?: true;
  /** Those who look after a team see those of their team, and write some of them. */
  readonly ofTeams?: 'read' | 'write';
}

/** The contract with its literal types kept. */
export function kindContract<
  const K extends string,
  const P extends string,
  W extends z.ZodType,
  R extends z.ZodType,
  L extends z.ZodType,
>(contract: KindContract<K, P, W, R, L>): KindContract<K, P, W, R, L> {
  return contract;
}
