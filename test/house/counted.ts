/** What a step came to. A check that is no test counts as one. */
export interface Counted {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Both together. */
export function addCounts(a: Counted, b: Counted): Counted {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** `N passed, N failed`, and what was skipped when something was. */
export function closingLine({ passed, failed, skipped }: Counted): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
