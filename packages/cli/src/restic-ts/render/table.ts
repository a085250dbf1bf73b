/** A column of a table; a cell may have several lines. */
export interface Column<Row> {
  /** May end in blanks, which make the column wider. */
  readonly header: string
  lines(row: Row): readonly string[]
}

/** A table in restic's form: two blanks between columns, dashes above and below the rows. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => column.lines(row)))
  const widths = columns.map((column, index) =>
    Math.max(
      displayWidth(column.header),
      ...cells.flatMap((row) => (row[index] ?? []).map(displayWidth)),
    ),
  )
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)))
  const header = formatLine(
    columns.map((column) => column.header),
    widths,
  )
  return [header, rule, ...cells.flatMap((row) => formatRow(row, widths)), rule]
}

function formatRow(row: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const height = Math.max(...row.map((lines) => lines.length))
  return Array.from({ length: height }, (_, at) =>
    formatLine(
      row.map((lines) => lines[at] ?? ''),
      widths,
    ),
  )
}

function formatLine(fields: readonly string[], widths: readonly number[]): string {
  return fields
    .map((field, index) => field + ' '.repeat((widths[index] ?? 0) - displayWidth(field)))
    .join('  ')
    .trimEnd()
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu
const invisible = /\p{M}/gu

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  const shown = text.replaceAll(invisible, '')
  return Array.from(shown).length + (shown.match(wide)?.length ?? 0)
}
