import { counted } from '@ambit/kernel';
import type { FoundBinding, NewAuditEvent } from '@ambit/persistence';
import { peopleMeant } from '../access/public.ts';
import type { NamedBy } from '../access/public.ts';

/** Told one by one of one message; of the rest only how many there are. */
const mostEvents = 20;
const mostPeople = 20;
const mostShown = 5;

interface Found {
  readonly binding: FoundBinding['binding'];
  /** Whom of ours it gives its role now and did not before. */
  readonly people: readonly string[];
}

/** What is to be told of bindings of others that name people of ours. What Kubernetes itself binds is no news. */
export function foundEvents(found: readonly FoundBinding[], by: NamedBy): NewAuditEvent[] {
  const ours = found.flatMap(({ binding, newSubjects }): Found[] => {
    if (binding.system) return [];
    const people = newSubjects.flatMap((subject) => peopleMeant(subject, by));
    return people.length === 0 ? [] : [{ binding, people: [...new Set(people)] }];
  });
  const { name } = by.cluster;
  const more = ours.length - mostEvents;
  return [
    ...ours.slice(0, mostEvents).map((each) => eventOf(name, each)),
    ...(more > 0 ? [restEvent(name, more)] : []),
  ];
}

function eventOf(cluster: string, { binding, people }: Found): NewAuditEvent {
  const { kind, namespace, name, roleKind, roleName, owner } = binding;
  const at = namespace === '' ? name : `${namespace}/${name}`;
  const whom = people.slice(0, mostShown).join(', ');
  const more = people.length > mostShown ? ', …' : '';
  const whose = owner === '' ? '' : ` (of ${owner})`;
  return {
    type: 'cluster.unmanaged_found',
    message: `${kind} ${at}${whose} in ${cluster}, which Ambit does not manage, gives ${roleKind} ${roleName} to ${whom}${more}`,
    object: { kind, name, ...(namespace === '' ? {} : { namespace }) },
    subjects: people.slice(0, mostPeople),
    details: { role: `${roleKind}/${roleName}`, ...(owner === '' ? {} : { owner }) },
  };
}

const restEvent = (cluster: string, more: number): NewAuditEvent => ({
  type: 'cluster.unmanaged_found',
  message: `${counted(more, 'more binding')} in ${cluster} which Ambit does not manage give roles to people of Ambit: ambit get unmanaged ${cluster}`,
  details: { more },
});
