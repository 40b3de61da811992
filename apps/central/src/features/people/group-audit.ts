import type { CentralEventType } from '@ambit/domain';
import type { GroupRecord, Put } from '@ambit/persistence';
import { listed, mostSubjects, objectOf } from '../policy/public.ts';
import type { Audit } from '../policy/public.ts';

interface Named {
  readonly uid: string;
  readonly name: string;
}

/** What a put of a group did, who came and who went included. */
export function auditGroup(tx: Audit, { outcome, record, previous }: Put<GroupRecord>): void {
  if (outcome === 'unchanged') return;
  const before = new Set(previous?.members);
  const after = new Set(record.members);
  const added = record.members.filter((name) => !before.has(name));
  const removed = [...before].filter((name) => !after.has(name));
  const onlyMembers =
    previous !== undefined &&
    added.length + removed.length > 0 &&
    JSON.stringify({ ...previous, members: [] }) === JSON.stringify({ ...record, members: [] });
  if (!onlyMembers) {
    const type = outcome === 'created' ? 'group.created' : 'group.updated';
    const message = `Group ${record.name} was ${outcome}`;
    const { closedTo } = record;
    const details = closedTo && { details: { closedTo: closedTo.join(',') || 'nobody' } };
    tx.audit.record({ type, message, object: objectOf('Group', record), ...details });
  }
  auditMembers(tx, record, { added, removed });
}

/** Members who came to a group and who left it. */
export function auditMembers(
  { audit }: Audit,
  group: Named,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): void {
  const record = (type: CentralEventType, names: readonly string[], verb: string): void => {
    if (names.length === 0) return;
    audit.record({
      type,
      message: `${listed(names)} ${verb} group ${group.name}`,
      object: objectOf('Group', group),
      subjects: names.slice(0, mostSubjects),
      details: { members: names.length },
    });
  };
  record('group.member_added', added, 'joined');
  record('group.member_removed', removed, 'left');
}
