import type { UnmanagedWay, WhoCanResult } from '@ambit/contracts';
import { printable } from '@ambit/kernel';

const mostSubjects = 3;

/** What others bound in the cluster that gives what was asked, one line each; what Kubernetes itself bound in one. */
export function unmanagedTexts({
  unmanaged = [],
  moreUnmanaged = 0,
  unmanagedLeftOut = 0,
  evidence: { cluster },
}: Pick<WhoCanResult, 'unmanaged' | 'moreUnmanaged' | 'unmanagedLeftOut' | 'evidence'>): string[] {
  const system = unmanaged.filter((way) => way.system);
  const others = unmanaged.filter((way) => !way.system);
  return [
    ...others.map((way) => `+ 1 binding not managed by ambit: ${wayText(way, cluster)}`),
    ...(moreUnmanaged === 0 ? [] : [`+ ${moreUnmanaged} more — ambit get unmanaged ${cluster}`]),
    ...(system.length === 0 ? [] : [systemText(system, cluster)]),
    ...(unmanagedLeftOut === 0
      ? []
      : [
          `+ ${unmanagedLeftOut} bindings in ${cluster} are too many to be told: what they give is not known`,
        ]),
  ].map(printable);
}

function wayText(way: UnmanagedWay, cluster: string): string {
  const { object, subjects, moreSubjects = 0, users, owner, certain } = way;
  const more = moreSubjects + Math.max(0, subjects.length - mostSubjects);
  const whom = [...subjects.slice(0, mostSubjects), ...(more === 0 ? [] : [`${more} more`])];
  const people =
    users.length === 0 ? '' : `, which means ${users.slice(0, mostSubjects).join(', ')}`;
  const whose = owner === undefined ? '' : `, of ${owner}`;
  const gives = certain ? '' : '; what its role gives is not known';
  return `${object} (${whom.join(', ')}${people}${whose})${gives} — ambit cluster import-rbac ${cluster}`;
}

function systemText(system: readonly UnmanagedWay[], cluster: string): string {
  const count = system.length === 1 ? '1 binding' : `${system.length} bindings`;
  const first = system
    .slice(0, mostSubjects)
    .map(({ object, subjects }) => `${object} (${subjects.slice(0, mostSubjects).join(', ')})`);
  const more = system.length > first.length ? ', …' : '';
  return `+ ${count} of Kubernetes itself: ${first.join(', ')}${more} — ambit get unmanaged ${cluster}`;
}
