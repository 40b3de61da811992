import type { KubeClient } from '@ambit/kube';
import { eventually } from '@ambit/testing';

export interface Question {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly namespace?: string;
}

/** What the API server itself decides. */
export async function may(kube: KubeClient, question: Question): Promise<boolean> {
  const { user, verb, resource, group, namespace } = question;
  const { allowed } = await kube.createSubjectAccessReview({
    user,
    groups: ['system:authenticated'],
    resourceAttributes: {
      verb,
      resource,
      ...(group === undefined ? {} : { group }),
      ...(namespace === undefined ? {} : { namespace }),
    },
  });
  return allowed;
}

/** Waits until the API server decides so. */
export function untilMay(kube: KubeClient, question: Question, expected: boolean): Promise<void> {
  return eventually(
    async () => {
      if ((await may(kube, question)) !== expected)
        throw new Error(`it decides ${String(!expected)}`);
    },
    {
      withinMs: 60_000,
      what: `${JSON.stringify(question)} being ${expected ? 'allowed' : 'denied'}`,
    },
  );
}
