import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Ends what was started in a folder, and removes the folder unless it is to be kept, as soon as its standard input is
 * closed: by us at the end, or by the kernel when our process died in whatever way. The list of process ids is renamed
 * before the last look at it, so that a program that starts late cannot register any more and gives up (see
 * `managed-process.ts`).
 */
const script = `
folder=$1; keep=$2; pids=$folder/pids; ids=
while read -r _; do :; done
scan() { for f in "$pids"/*; do [ -s "$f" ] && ids="$ids $(cat "$f")"; done; }
living() { for id in $ids; do kill -0 "-$id" 2>/dev/null && return 0; done; return 1; }
signal() { for id in $ids; do kill "-$1" "-$id" 2>/dev/null; done; }
settle() { i=0; while living && [ $i -lt "$1" ]; do sleep 0.1; i=$((i+1)); done; }
scan; signal CONT; signal TERM; settle 80
mv "$pids" "$pids.closed" 2>/dev/null && pids=$pids.closed
scan; signal KILL; settle 50
[ "$keep" = keep ] && folder=$pids
i=0; while [ -e "$folder" ] && [ $i -lt 100 ]; do rm -rf "$folder" 2>/dev/null || sleep 0.1; i=$((i+1)); done
`;

/** Watches over the processes and files of one folder. */
export class Janitor {
  private readonly folder: string;
  private readonly keep: boolean;
  private child: ChildProcess;
  private closing = false;

  constructor(folder: string, keep: boolean) {
    this.folder = folder;
    this.keep = keep;
    this.child = this.spawn();
  }

  /** Ends what still runs, removes the folder unless it is kept, and resolves when both are done. */
  async clean(): Promise<void> {
    this.closing = true;
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }

  private spawn(): ChildProcess {
    // A session of its own: Ctrl-C in a terminal must not reach it before us.
    const child = spawn(
      'sh',
      ['-c', script, 'ambit-janitor', this.folder, this.keep ? 'keep' : 'remove'],
      { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
    );
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    child.once('exit', () => {
      if (!this.closing) this.child = this.spawn();
    });
    return child;
  }
}
