/** The fields of a message that were given: an empty text is what proto3 has for none. */
export const given = (message: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(message).filter(([, value]) => value !== '' && value !== undefined),
  );

/** The page that a request asks for, as the queries of the REST API name it; without a size it is theirs. */
export const pageQuery = ({
  pageSize,
  pageToken,
}: {
  readonly pageSize: number;
  readonly pageToken: string;
}): Record<string, unknown> => ({
  ...(pageSize === 0 ? {} : { limit: pageSize }),
  ...given({ continue: pageToken }),
});
