import type { PolicyDocument } from '@ambit/contracts';
import { hoursText, layOutHours } from '@ambit/domain';
import { instantMillis } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';

/**
 * Tells of grants whose hours never fall between their beginning and their end, so that they give nothing. It is no error: the end
 * may be moved next. One sentence for each.
 */
export function hoursWarnings(documents: readonly PolicyDocument[], now: Millis): string[] {
  return documents.flatMap(({ kind, metadata, spec }) => {
    if (kind !== 'Grant') return [];
    const { notBefore, until, when: { hours } = {} } = spec;
    if (hours === undefined) return [];
    const ends = until === undefined ? Infinity : instantMillis(until);
    const begins = Math.max(now, notBefore === undefined ? 0 : instantMillis(notBefore));
    // What is over is told by its state.
    if (ends <= begins) return [];
    const { windows } = layOutHours({ hours, notBefore: begins, until: ends }, now);
    if (windows.length > 0) return [];
    const before = until === undefined ? '' : ` before it ends at ${until}`;
    return [
      `Grant ${metadata.name} gives nothing: its hours (${hoursText(hours)}) never come${before}.`,
    ];
  });
}
