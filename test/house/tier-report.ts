import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { addCounts, type Counted } from './counted.ts';

/** A test, or a file that could not run, and the first lines of what it said. */
export interface Failure {
  /** Relative to the root of the checkout. */
  readonly file: string;
  readonly test: string;
  readonly says: string;
}

/** What a run of a tier came to. */
export interface TierOutcome {
  readonly counted: Counted;
  /** The share of the files in which something failed. */
  readonly inFailedFiles: Counted;
  readonly failures: readonly Failure[];
}

/** The part of jest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly FileReport[];
}

interface FileReport {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[] | null;
  }[];
}

const none: Counted = { passed: 0, failed: 0, skipped: 0 };
/** Lines of a failure that are told again at the end. */
const toldLines = 12;

/**
 * Reads the report of a tier beside the exit code of its run. A suite that could not run counts as a failure, and so
 * does a run that ended badly without saying which test failed.
 */
export function readTierReport(reportFile: string, code: number, root: string): TierOutcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  } catch {
    return { counted: { ...none, failed: 1 }, inFailedFiles: none, failures: [] };
  }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const failedFiles = report.testResults.filter(({ status }) => status === 'failed');
  return {
    counted: {
      passed: report.numPassedTests,
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    inFailedFiles: failedFiles.map(countFile).reduce(addCounts, none),
    failures: failedFiles.flatMap((file) => failuresOf(file, root)),
  };
}

function countFile({ assertionResults }: FileReport): Counted {
  const passed = assertionResults.filter(({ status }) => status === 'passed').length;
  const failed = assertionResults.filter(({ status }) => status === 'failed').length;
  const skipped = assertionResults.length - passed - failed;
  // A file that could not run counts as one failure.
  return { passed, failed: failed === 0 ? 1 : failed, skipped };
}

function failuresOf(report: FileReport, root: string): Failure[] {
  const file = relative(root, report.name);
  const failed = report.assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) {
    return [{ file, test: 'the file itself', says: firstLines(report.message) }];
  }
  return failed.map(({ fullName, failureMessages }) => ({
    file,
    test: fullName,
    says: firstLines(failureMessages?.[0] ?? ''),
  }));
}

function firstLines(text: string): string {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(0, toldLines)
    .join('\n');
}

/** The outcome of a tier whose failed files were run once more, one by one: what they came to then is what counts. */
export function afterSecondTry(first: TierOutcome, seconds: readonly TierOutcome[]): TierOutcome {
  if (seconds.length === 0) return first;
  const { passed, failed, skipped } = first.inFailedFiles;
  const others = addCounts(first.counted, { passed: -passed, failed: -failed, skipped: -skipped });
  return {
    counted: seconds.map(({ counted }) => counted).reduce(addCounts, others),
    inFailedFiles: seconds.map(({ inFailedFiles }) => inFailedFiles).reduce(addCounts, none),
    failures: seconds.flatMap(({ failures }) => failures),
  };
}

/** A failure as it is told again at the end of everything. */
export function tellFailure({ file, test, says }: Failure): string {
  return `${file} › ${test}\n${says.replaceAll(/^/gm, '    ')}`;
}
