import type { AmbitClient } from '@ambit/client';
import { AppError, didYouMean } from '@ambit/kernel';
import type { Kind } from './kinds.ts';

/** The error for a name that does not exist, with the nearest of the first 500 names there are. */
export async function nameNotFound(
  client: AmbitClient,
  kind: Kind,
  name: string,
  cause: AppError,
): Promise<AppError> {
  const known = await kind.list(client, { limit: 500 }).catch(() => undefined);
  const near = didYouMean(
    name,
    (known?.items ?? []).map(({ metadata }) => metadata.name),
  );
  const { hint, ...extras } = cause.extras;
  const suggestion = near.length === 0 ? hint : `did you mean ${near.join(', ')}?`;
  return new AppError('not_found', cause.message, {
    ...extras,
    ...(suggestion === undefined ? {} : { hint: suggestion }),
    nextCommand: `ambit get ${kind.plural}`,
    cause,
  });
}
