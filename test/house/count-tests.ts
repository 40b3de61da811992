import { readFileSync } from 'node:fs';

/** What a step came to. A check that is no test counts as one. */
export interface Counted {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of jest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/**
 * Counts the tests of a tier from its report and the exit code of its run. A suite that could not run counts as a
 * failure, and so does a run that ended badly without saying which test failed.
 */
export function countTests(reportFile: string, code: number): Counted {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
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
