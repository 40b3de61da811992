/** What becomes of a group, whichever way in says so. */
export interface GroupEdit {
  readonly displayName?: string;
  /** Null: it has none any more. */
  readonly externalId?: string | null;
  /** Exactly these become the members, before what follows. */
  readonly members?: ReadonlySet<string>;
  readonly joining: ReadonlySet<string>;
  readonly leaving: ReadonlySet<string>;
  /** Of those who join, whom the directory does not know are left out; otherwise they are refused. */
  readonly onlyKnown?: boolean;
}
