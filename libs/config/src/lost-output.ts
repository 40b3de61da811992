import { systemReason } from './system-reason.ts';

/** What became of standard output. */
export interface LostOutput {
  /** Whoever read it went away, as `head` does: no failure of ours. */
  readonly closed: boolean;
  /** What happened, as a sentence. */
  readonly sentence: string;
}

interface Streams {
  readonly stdout: Pick<NodeJS.EventEmitter, 'on'>;
  readonly stderr: Pick<NodeJS.EventEmitter, 'on'>;
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on the device',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file would become too large',
  EIO: 'the device failed',
  EBADF: 'it is closed',
  EPIPE: 'whoever read it went away',
};

/**
 * Tells once when what is written to standard output is lost. Standard error is let go without a word: there is nowhere
 * left to say it, and exit codes still tell.
 */
function watchOutput({ stdout, stderr }: Streams, lost: (what: LostOutput) => void): void {
  let told = false;
  stdout.on('error', (error: unknown) => {
    if (told) return;
    told = true;
    const code = systemReason(error);
    const reason = reasons[code] === undefined ? code : `${reasons[code]} (${code})`;
    const sentence = `standard output cannot be written: ${reason}; what was done stays done`;
    lost({ closed: code === 'EPIPE', sentence });
  });
  stderr.on('error', () => undefined);
}

/** How a program goes on without its output. */
export interface OutputGuard {
  /** From now on the program stays, because printing is not what it is for; `tell` gets the sentence. */
  goOn(tell: (sentence: string) => void): void;
}

/**
 * For a program that prints and ends: says in one sentence that its output is lost and ends with 1, quietly with 0 when
 * its reader went away.
 */
export function endOnLostOutput(program: NodeJS.Process): OutputGuard {
  let stay: ((sentence: string) => void) | undefined;
  watchOutput(program, ({ closed, sentence }) => {
    if (stay !== undefined) return stay(sentence);
    if (!closed) program.stderr.write(`error: ${sentence}\n`);
    return program.exit(closed ? 0 : 1);
  });
  return {
    goOn(tell) {
      stay = tell;
    },
  };
}
