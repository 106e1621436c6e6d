/** How much a file may hold before it is refused. Memory stays bounded by these, whatever a file claims. */
export interface IntakeLimits {
  /** Of the file itself. */
  readonly fileBytes: number;
  /** Of one cell, in characters. A workbook allows 32,767. */
  readonly cellChars: number;
  /** Of one row of a CSV file, in bytes. */
  readonly rowBytes: number;
  readonly columns: number;
  readonly rows: number;
  /** Of one part of a workbook, unpacked. */
  readonly partBytes: number;
  /** Of all parts of a workbook that are read, unpacked. */
  readonly totalBytes: number;
  /** Unpacked to packed, for parts above 1 MiB: deflate reaches 1,000, real sheets stay below 100. */
  readonly ratio: number;
  readonly entries: number;
  /** Of the shared strings of a workbook, kept in memory. */
  readonly sharedStringBytes: number;
}

export const DEFAULT_LIMITS: IntakeLimits = {
  fileBytes: 512 * 1024 * 1024,
  cellChars: 32_767,
  rowBytes: 1024 * 1024,
  columns: 256,
  rows: 2_000_000,
  partBytes: 2 * 1024 * 1024 * 1024,
  totalBytes: 3 * 1024 * 1024 * 1024,
  ratio: 250,
  entries: 4096,
  sharedStringBytes: 192 * 1024 * 1024,
};
