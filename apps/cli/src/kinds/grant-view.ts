import { formatScope, grantKind, type Grant } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import { endOfAccess, relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns = (now: number): Column<Grant>[] => [
  { title: 'SUBJECTS', value: ({ spec }) => subjectsText(spec.subjects), flexible: true },
  { title: 'ROLE', value: ({ spec }) => spec.role, flexible: true },
  { title: 'SCOPE', value: ({ spec }) => formatScope(spec.scope), flexible: true },
  { title: 'STATE', value: stateCell },
  { title: 'UNTIL', value: (one) => untilText(one, now) },
  { title: 'REASON', value: ({ spec }) => spec.reason ?? '', wide: true },
];

export const grantView = kindView<Grant>({ contract: grantKind, columns, lines: grantLines });

/** `alice,group/sre,team/payments,service/deploy`: subjects as the command takes them. */
function subjectsText(subjects: Grant['spec']['subjects']): string {
  const text = ({ user, ...others }: (typeof subjects)[number]): string => {
    const [[kind, name] = ['', '']] = Object.entries(others);
    return user ?? `${kind}/${name}`;
  };
  return subjects.map(text).join(',');
}

/** End of a grant: `in 42m`, `standing`, or that it is over. */
function untilText({ spec, status }: Grant, now: number): string {
  if (status.state === 'Ended') return 'ended';
  if (status.state === 'Scheduled') return `from ${relativeTime(spec.notBefore, now)}`;
  return endOfAccess({ until: spec.until, hours: spec.when?.hours }, now);
}

/** As `stateText`, short: `Active 1/3` is in force in one of the three clusters that it reaches. */
function stateCell(grant: Grant): string {
  const { state, clusters } = grant.status;
  if (clusters === undefined || stateText(grant) === state) return state;
  return `${state} ${clusters.inForce}/${clusters.reached}`;
}

/** `Active` only where nothing is known against it; else with the clusters in which it is not in force. */
function stateText({ status }: Grant): string {
  const { state, clusters } = status;
  if (state !== 'Active' || clusters === undefined) return state;
  const { reached, hindered, waiting } = clusters;
  const of = counted(reached, 'cluster');
  if (reached === 0) return 'Active, in no cluster';
  if (hindered > 0) return `Active, not in ${hindered} of ${of}`;
  return waiting > 0 ? `Active, waits for ${waiting} of ${of}` : state;
}

/** The condition with how many it holds for. */
function conditionText({ spec: { when }, status: { matched } }: Grant): string {
  if (when?.match === undefined) return '';
  const people =
    matched === undefined ? '' : ` (holds for ${counted(matched, 'person', 'people')})`;
  return `${when.match}${people}`;
}

/** `Mon,Tue,Wed 08:00–18:00 Europe/Berlin`, one for each. */
const hoursLines = (hours: NonNullable<Grant['spec']['when']>['hours'] = []): string[] =>
  hours.map(({ days, from, to, timeZone }) => `${days.join(',')} ${from}–${to} ${timeZone}`);

function grantLines(grant: Grant, now: number): Line[] {
  const { spec } = grant;
  return [
    ['Subjects', subjectsText(spec.subjects).split(',')],
    ['Role', spec.role],
    ['Scope', formatScope(spec.scope)],
    ['State', stateText(grant)],
    ['From', spec.notBefore ?? ''],
    ['Hours', hoursLines(spec.when?.hours)],
    [
      'Until',
      spec.until === undefined ? untilText(grant, now) : `${spec.until} (${untilText(grant, now)})`,
    ],
    ['When', conditionText(grant)],
    ['Reason', spec.reason ?? ''],
    ['Source', grant.metadata.source],
  ];
}
