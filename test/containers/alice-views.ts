import type { CallArgs } from '@ambit/client';

/** As one writes them: what is left out has its default. */
type Documents = CallArgs<'apply'>['body']['objects'];

const apiVersion = 'ambit.dev/v1';

export const clusterProd: Documents[number] = {
  apiVersion,
  kind: 'Cluster',
  metadata: { name: 'prod' },
};

/** Somebody, and what she may do. */
export function aliceViews(): Documents {
  return [
    { apiVersion, kind: 'User', metadata: { name: 'alice' } },
    {
      apiVersion,
      kind: 'Grant',
      metadata: { name: 'alice-view' },
      spec: {
        subjects: [{ user: 'alice' }],
        role: 'view',
        scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
      },
    },
  ];
}

/** A question of the API server that `aliceViews` answers with yes. */
export const aliceLists = {
  user: 'ambit:alice',
  verb: 'list',
  resource: 'pods',
  namespace: 'payments',
};
