/** Where a story is told: a terminal, a file, or nowhere. */
export interface Audience {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Tells a person what happens as it happens, with the time that each step took. */
export class Narrator {
  readonly #started = performance.now();
  readonly #steps: { readonly title: string; readonly seconds: number }[] = [];
  readonly #out: Audience;

  constructor(out: Audience = process.stdout) {
    this.#out = out;
  }

  /** A line of its own. */
  say(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** Runs one step; `progress` tells how far it has come. */
  async step<T>(title: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T> {
    const started = performance.now();
    const live = this.#out.isTTY === true;
    let last = '';
    let saidAt = started;
    const progress = (text: string): void => {
      if (text === last) return;
      last = text;
      if (live) {
        this.#out.write(`\r\u001b[2K  … ${text}`);
      } else if (performance.now() - saidAt > 1_000) {
        saidAt = performance.now();
        this.say(`  … ${text}`);
      }
    };
    this.say(`▸ ${title}`);
    try {
      return await work(progress);
    } finally {
      if (live && last !== '') this.#out.write('\r\u001b[2K');
      const seconds = (performance.now() - started) / 1000;
      this.#steps.push({ title, seconds });
      this.say(`  ${seconds.toFixed(1)} s`);
    }
  }

  /** Seconds since the narration began. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Columns as wide as their widest cell; wide (Chinese) characters count twice. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows];
    const widths = head.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ''))));
    const line = (row: readonly string[]): string =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)))
        .join('  ')
        .trimEnd();
    this.say(line(head));
    this.say(widths.map((width) => '─'.repeat(width)).join('  '));
    for (const row of rows) this.say(line(row));
  }
}

function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u.test(
        character,
      )
        ? 2
        : 1;
  return width;
}
