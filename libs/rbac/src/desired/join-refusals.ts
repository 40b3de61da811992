/** The first three messages and how many more there are: one line of a report. */
export function joinRefusals(refusals: readonly { readonly message: string }[]): string {
  const shown = refusals.slice(0, 3).map(({ message }) => message);
  const more = refusals.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}
