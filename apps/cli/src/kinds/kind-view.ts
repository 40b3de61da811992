import type { AmbitClient } from '@ambit/client';
import type { PolicyKindName, PolicyResource } from '@ambit/contracts';
import type { Column } from '../output/table.ts';

/** One fact about an object; several values stand below each other. */
export type Line = readonly [title: string, value: string | readonly string[]];

/** How one kind is shown. How it is called and reached follows from its contract. */
export interface KindView<R extends PolicyResource = PolicyResource> {
  readonly contract: { readonly kind: PolicyKindName; readonly plural: string };
  /** Columns between the name and what every kind has; `now` is what relative times are counted from. */
  columns(now: number): readonly Column<R>[];
  /** What `describe` says beside what every kind has. */
  lines(object: R, now: number): readonly Line[];
  /** What `describe` asks for besides, and says after `lines`. */
  asked?(client: AmbitClient, object: R, now: number): Promise<readonly Line[]>;
  /** The command that makes the first one; `ambit apply` unless said. */
  readonly whenNone?: string;
  /** Set where `ambit delete` is not the way. */
  readonly deletedBy?: { readonly why: string; readonly command: (name: string) => string };
}

/** A view among others: it is given objects of its own kind alone. */
export function kindView<R extends PolicyResource>(view: KindView<R>): KindView {
  return view as unknown as KindView;
}
