import type { OnProgress, Progress } from '../dev-cluster.ts';

export interface BuildMeterOptions {
  readonly onProgress: OnProgress;
  readonly cores: number;
  /** Wall-clock seconds that everything takes on one core. */
  readonly coreSeconds: number;
  /** Milliseconds of any clock that does not go back. */
  readonly now: () => number;
}

// The last package of the list is compiled long before the large programs are linked.
const linkShare = 0.2;
// How many packages the rest of `coreSeconds` stands for.
const allPackages = 2_700;
const tellEveryMs = 1_000;

/** Turns what `go` says on standard error into progress: modules, packages of the total, time gone and to go. */
export class BuildMeter {
  private readonly options: BuildMeterOptions;
  private readonly began: number;
  private compileBegan = 0;
  private modules = 0;
  private total: number | undefined;
  private compiled = 0;
  private percent = 0;
  private toldAt = -Infinity;

  constructor(options: BuildMeterOptions) {
    this.options = options;
    this.began = options.now();
  }

  /** A line of `go list`. */
  moduleLine(line: string): void {
    if (!line.startsWith('go: downloading')) return;
    this.modules += 1;
    this.tellSeldom();
  }

  /** How many packages are to be compiled. */
  packages(total: number): void {
    this.total = total;
    this.compileBegan = this.options.now();
    this.tell();
  }

  /** A line of `go build -v`. */
  packageLine(line: string): void {
    if (line.startsWith('go: ') || line.startsWith('#')) return;
    this.compiled += 1;
    this.tellSeldom();
  }

  tell(): void {
    this.toldAt = this.options.now();
    this.options.onProgress(
      this.total === undefined ? this.fetching() : this.compiling(this.total),
    );
  }

  done(): void {
    const message = `built in ${clock(this.seconds(this.began))}`;
    this.options.onProgress({ phase: 'build', message, percent: 100, etaSeconds: 0 });
  }

  private tellSeldom(): void {
    if (this.options.now() - this.toldAt >= tellEveryMs) this.tell();
  }

  private fetching(): Progress {
    const gone = this.seconds(this.began);
    const what =
      this.modules > 0 ? `fetching Go modules: ${this.modules} so far` : 'reading Go modules';
    return {
      phase: 'build',
      message: `${what}, ${clock(gone)}`,
      etaSeconds: atLeastOne(this.guess() - gone),
    };
  }

  private compiling(total: number): Progress {
    const share = total === 0 ? 1 : Math.min(1, this.compiled / total);
    const spent = this.seconds(this.compileBegan);
    const left = Math.max(1, this.secondsLeft(total, share, spent));
    this.percent = Math.max(this.percent, Math.floor((100 * spent) / (spent + left)));
    const what = share < 1 ? `compiled ${this.compiled} of ${total} packages` : 'linking';
    return {
      phase: 'build',
      message: `${what}, ${clock(this.seconds(this.began))}`,
      percent: this.percent,
      etaSeconds: atLeastOne(left),
    };
  }

  private secondsLeft(total: number, share: number, spent: number): number {
    const linking = this.guess() * linkShare;
    // Early packages are small ones, and of a few nothing can be learnt: the first guess says more than the count.
    if (share > 0.2 && share < 1 && total > 100) return (spent / share) * (1 - share) + linking;
    return this.guess() * (1 - linkShare) * (total / allPackages) + linking - spent;
  }

  private guess(): number {
    return this.options.coreSeconds / this.options.cores;
  }

  private seconds(since: number): number {
    return (this.options.now() - since) / 1000;
  }
}

function atLeastOne(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

/** `4m05s`, `12s`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}
