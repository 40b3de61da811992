import type { AmbitClient } from '@ambit/client';
import { scopeFromText } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';

export interface QuestionScope {
  readonly cluster: string;
  readonly namespace?: string;
}

/** What can be said of a question about access beside its words. */
export interface QuestionOptions {
  readonly in?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** `VERB RESOURCE` with the one object or the subresource that is meant. */
export function questionWords(
  [verb = '', resource = '']: readonly string[],
  { name, subresource }: QuestionOptions,
) {
  return { verb: verb.toLowerCase(), resource, ...defined({ name, subresource }) };
}

/** Where a question about access is asked: no namespace stands for the cluster as a whole, and for every namespace at once. */
function questionScope(text: string): QuestionScope {
  const { clusters, namespaces } = scopeFromText(text);
  const [cluster = ''] = clusters.names ?? [];
  const [namespace] = namespaces?.names ?? [];
  return namespace === undefined ? { cluster } : { cluster, namespace };
}

/**
 * Where a question is asked, for a client that is opened once the words are understood: what `--in` says, or the one cluster
 * there is, as a whole. Throws `usage` when nothing is said and there are others.
 */
export function askedWhere({
  in: text,
}: QuestionOptions): (client: AmbitClient) => Promise<QuestionScope> {
  if (text === undefined) return onlyCluster;
  const scope = questionScope(text);
  return () => Promise.resolve(scope);
}

async function onlyCluster({ api }: AmbitClient): Promise<QuestionScope> {
  const { items } = await api.listClusters({ query: { limit: 2 } });
  const [first, second] = items;
  if (first === undefined) {
    const nextCommand = 'ambit cluster add NAME';
    throw new AppError('usage', 'there is no cluster to ask about yet', { nextCommand });
  }
  if (second === undefined) return { cluster: first.metadata.name };
  throw new AppError('usage', 'there are several clusters: say which', {
    hint: `Add --in ${first.metadata.name}, or --in ${first.metadata.name}/NAMESPACE.`,
  });
}
