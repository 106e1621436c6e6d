/** Places for the contracts of the processes in deployment files that no chain stands behind. */
export function madeUpProcesses(): Readonly<Record<string, string>> {
  const names = ['calendar', 'items', 'letters', 'filings', 'consents', 'cases', 'pledges'];
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      `0x${String(i + 1)
        .padStart(2, 'c')
        .repeat(20)}`,
    ]),
  );
}
