/**
 * What began with a sign-in at a provider that ended there, as a condition of SQL: $2 is the mark of the sign-in, $3 the issuer,
 * $4 the subject or null. Of whom the provider names that goes too of which nobody knows with which sign-in it began.
 */
export const isOfUpstreamEnd = <I extends string, S extends string>(identity: I, session: S) =>
  `${identity} IN (SELECT uid FROM identities WHERE issuer = $3 AND ($4::text IS NULL OR subject = $4))
    AND (${session} = $2 OR (${session} IS NULL AND $4 IS NOT NULL))` as const;
