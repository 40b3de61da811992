type Optional<T> = {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
type Required<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] };

/** The same fields without those that are undefined, as bodies and options with exact optional fields want them. */
export function withoutUndefined<T extends object>(fields: T): Required<T> & Optional<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Required<T> & Optional<T>;
}
