import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'yellow';

/** Where the story is told. */
export interface StoryOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Prints the story: lines that stay, and one line of progress that does not. */
export class StoryPrinter {
  private readonly output: StoryOutput;
  private readonly live: boolean;
  private readonly styled: boolean;
  private progressShown = false;
  private progressAt = -Infinity;
  private lastPhase = '';
  private steps = 0;

  constructor(output: StoryOutput, options: { readonly color: boolean }) {
    this.output = output;
    this.live = output.isTTY === true;
    this.styled = this.live && options.color;
  }

  /** The heading of the next step. */
  step(title: string): void {
    this.steps += 1;
    this.line('');
    this.line(this.style('bold', `${this.steps}. ${title}`));
  }

  line(text: string): void {
    this.clearProgress();
    this.output.write(`${text}\n`);
  }

  /** A line of what happened, with a mark in front. */
  done(text: string): void {
    this.line(`   ${this.style('green', '✓')} ${text}`);
  }

  note(text: string): void {
    this.line(this.style('dim', `     ${text}`));
  }

  warn(text: string): void {
    this.line(`   ${this.style('yellow', '!')} ${text}`);
  }

  /**
   * What goes on right now: replaced in place at a terminal; elsewhere a line at each new phase and then every ten
   * seconds.
   */
  progress(phase: string, text: string): void {
    if (this.live) {
      const width = (this.output.columns ?? 80) - 1;
      this.output.write(`\r\x1b[K${`     ${text}`.slice(0, width)}`);
      this.progressShown = true;
      return;
    }
    const now = performance.now();
    if (phase === this.lastPhase && now - this.progressAt < 10_000) return;
    this.lastPhase = phase;
    this.progressAt = now;
    this.output.write(`     ${text}\n`);
  }

  bold(text: string): string {
    return this.style('bold', text);
  }

  private clearProgress(): void {
    if (!this.progressShown) return;
    this.output.write('\r\x1b[K');
    this.progressShown = false;
  }

  private style(style: Style, text: string): string {
    return this.styled ? styleText(style, text, { validateStream: false }) : text;
  }
}
