/** By name: what is changed, and the specs that have to notice. */
export const areas: Readonly<
  Record<string, { readonly mutate: readonly string[]; readonly specs: readonly string[] }>
>;
