import { rbacApiGroup, type RbacSubject } from '../model.ts';

/** Who stands in one list of subjects and not in the other. Order and repetition mean nothing. */
export function subjectChanges(
  before: readonly RbacSubject[],
  after: readonly RbacSubject[],
): { readonly gains: readonly RbacSubject[]; readonly loses: readonly RbacSubject[] } {
  if (sameOrder(before, after)) return { gains: [], loses: [] };
  const was = new Map(before.map((subject) => [subjectText(subject), subject]));
  const is = new Map(after.map((subject) => [subjectText(subject), subject]));
  return {
    gains: [...is].filter(([text]) => !was.has(text)).map(([, subject]) => subject),
    loses: [...was].filter(([text]) => !is.has(text)).map(([, subject]) => subject),
  };
}

function sameOrder(a: readonly RbacSubject[], b: readonly RbacSubject[]): boolean {
  return (
    a.length === b.length &&
    a.every((subject, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        subject.name === other.name &&
        subjectText(subject) === subjectText(other)
      );
    })
  );
}

/** The API server fills in the group of users and groups when it is left out. */
function subjectText({ kind, apiGroup, namespace, name }: RbacSubject): string {
  const group = apiGroup ?? (kind === 'ServiceAccount' ? '' : rbacApiGroup);
  return `${kind}/${group}/${namespace ?? ''}/${name}`;
}
