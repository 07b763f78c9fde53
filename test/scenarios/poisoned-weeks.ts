import type { WeeklyFile } from './shared-data.js'

type Row = Readonly<Record<string, string>>

/** A way in which a week of house sales goes wrong, and what its quarantine must say. */
export interface Poison {
  readonly name: string
  readonly code: string
  readonly column?: string
  /** In words that a model's owner understands. */
  readonly says: RegExp
  readonly spoil: (week: WeeklyFile) => string
}

const SQUARE_METRES = 0.092903

/** What upstream mistakes make of a week. */
export const poisons: readonly Poison[] = [
  {
    name: 'prices times 10',
    code: 'implausible-values',
    column: 'price',
    says: /^Column price: the median of this drop is \d,\d{3},000; in the last \d+ accepted drops it was 4\d\d,\d{3} \(/,
    spoil: (week) => edited(week, (row) => ({ ...row, price: String(Number(row['price']) * 10) })),
  },
  {
    name: 'half of an optional column empty',
    code: 'implausible-missing',
    column: 'bedrooms',
    says: /^Column bedrooms: 50 % of the rows have no value; in the last \d+ accepted drops it was 0 %/,
    spoil: (week) => edited(week, (row, index) => (index % 2 === 0 ? { ...row, bedrooms: '' } : row)),
  },
  {
    name: 'half of a required column empty',
    code: 'missing-value',
    column: 'sqft_living',
    says: /^Column sqft_living: it has no value in \d+ rows/,
    spoil: (week) => edited(week, (row, index) => (index % 2 === 0 ? { ...row, sqft_living: '' } : row)),
  },
  {
    name: 'square metres for square feet',
    code: 'implausible-values',
    column: 'sqft_living',
    says: /^Column sqft_living: the median of this drop is 1\d\d(\.\d)?; in the last \d+ accepted drops it was [12],\d{3} \(/,
    spoil: (week) => edited(week, (row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, column.startsWith('sqft_') ? (Number(value) * SQUARE_METRES).toFixed(1) : value]))),
  },
  {
    name: 'a category renamed',
    code: 'implausible-renaming',
    column: 'zipcode',
    says: /"98103" is gone, which \d %.*have "98103-0001", which none had before/,
    spoil: (week) => edited(week, (row) => (row['zipcode'] === '98103' ? { ...row, zipcode: '98103-0001' } : row)),
  },
  {
    name: 'all categories written otherwise',
    code: 'implausible-categories',
    column: 'zipcode',
    says: /100 % of the rows have a category that no accepted drop has: "WA 98/,
    spoil: (week) => edited(week, (row) => ({ ...row, zipcode: `WA ${row['zipcode'] ?? ''}` })),
  },
  {
    name: 'a week from the year before',
    code: 'implausible-time',
    column: 'date',
    says: /lie between 201[34]-.*days away from those of the last \d+ accepted drops/,
    spoil: (week) => edited(week, (row) => ({ ...row, date: yearLater(row['date'] ?? '', -1) })),
  },
  {
    name: 'a week from the year after',
    code: 'implausible-time',
    column: 'date',
    says: /lie between 201[56]-.*days away from those of the last \d+ accepted drops/,
    spoil: (week) => edited(week, (row) => ({ ...row, date: yearLater(row['date'] ?? '', 1) })),
  },
]

/** The same rows as another export would write them: in another order. */
export function exportedAgain({ content }: WeeklyFile): string {
  const [head = '', ...lines] = content.trim().split('\n')
  return [head, ...lines.toReversed(), ''].join('\n')
}

function edited({ content }: WeeklyFile, edit: (row: Row, index: number) => Row): string {
  const [head = '', ...lines] = content.trim().split('\n')
  const columns = head.split(',')
  const rows = lines.map((line, index) => {
    const cells = line.split(',')
    const row = edit(Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ''])), index)
    return columns.map((column) => row[column]).join(',')
  })
  return [head, ...rows, ''].join('\n')
}

function yearLater(date: string, years: number): string {
  return `${Number(date.slice(0, 4)) + years}${date.slice(4)}`.replace(/-02-29$/, '-02-28')
}
